internal import ArgumentParser
internal import Capture
internal import Configuration
internal import Kernel

/// The end of a run that did nothing: the code of its class and a sentence for each thing that is
/// wrong.
struct Failure {
  /// The exit codes of both programs, as far as they are failures.
  enum Class: Int32 {
    case badInput = 2
    case noPermission = 3
    case kernelLacksSomething = 4
    case refused = 5
  }

  let kind: Class
  let sentences: String

  init(_ kind: Class, _ sentences: String) {
    self.kind = kind
    self.sentences = sentences
  }

  /// Nil for an error that is none of this program's.
  init?(_ error: any Error) {
    switch error {
    case let error as ConfigurationFailure: self.init(.badInput, error.description)
    case let error as CapturePlanError: self.init(.badInput, error.description)
    case let error as MachineError: self.init(error)
    case let error as TransactionError: self.init(error)
    case let error as Errno: self.init(.refused, "standard output takes nothing: \(error)")
    default: return nil
    }
  }

  private init(_ error: MachineError) {
    switch error {
    case .unreadable: self.init(.refused, error.description)
    case .badResolver, .plan: self.init(.badInput, error.description)
    }
  }

  private init(_ error: TransactionError) {
    let kind: Class =
      switch error {
      case .notPermitted: .noPermission
      case .unsupported: .kernelLacksSomething
      case .refused, .system, .library: .refused
      }
    self.init(kind, error.description)
  }

  func exit() -> Never {
    for sentence in sentences.split(separator: "\n") {
      // Where nobody takes it, the code still tells.
      try? StandardStream.error.write("portarium-init: \(sentence)\n")
    }
    PortariumInit.exit(withError: ExitCode(kind.rawValue))
  }
}
