internal import Addressing
internal import CPSL

/// The public-suffix list that libpsl carries, asked one question: may a wildcard stand here?
enum PublicSuffix {
  /// The list's two halves.
  enum Section {
    /// Registries: `com`, `co.uk`. Below it stand strangers, all of them.
    case icann
    /// Services that hand out names to their customers: `github.io`.
    case shared
  }

  /// The section that lists `name`, or every name directly below it (`*.kawasaki.jp`), as a public
  /// suffix; nil where neither does. A single label that is on no list is none: `internal`.
  static func section(of name: HostName) -> Section? {
    let name = name.description
    if isSuffix(name, PSL_TYPE_ICANN) { return .icann }
    if isSuffix(name, PSL_TYPE_PRIVATE) { return .shared }
    return nil
  }

  private static func isSuffix(_ name: String, _ section: CInt) -> Bool {
    // The built-in list is constant data of the library; the name is terminated and only read.
    unsafe psl_is_public_suffix2(psl_builtin(), name, section | PSL_TYPE_NO_STAR_RULE) == 1
  }
}
