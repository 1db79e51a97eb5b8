internal import Capture

/// What every pod's start runs: `portarium-init [apply] [--config <path>]`.
///
/// It is told apart before the argument parser is asked, which builds the flags of all verbs by
/// reflection first and takes longer for it than all the rest of the program. Whatever looks
/// different in any way, mistakes included, is the parser's, which reads this form alike.
struct PlainApply {
  private let config: String?

  init?(_ arguments: ArraySlice<String>) {
    let options = arguments.first == "apply" ? arguments.dropFirst() : arguments
    switch options.count {
    case 0: config = nil
    case 2:
      guard let path = options.last, options.first == "--config", !path.hasPrefix("-") else {
        return nil
      }
      config = path
    default: return nil
    }
  }

  func run() throws { try Apply.enforce(DocumentOptions.plan(config: config, flags: [])) }
}
