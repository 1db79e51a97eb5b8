package import Addressing
internal import CPSL

/// The public-suffix list that libpsl carries, asked one question: may a wildcard stand here?
package enum PublicSuffix {
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

  /// Whether names below `name` may be of different owners, as far as anyone has listed them: it is a
  /// public suffix of either section, or has one below it, or is below a domain that has. Of a
  /// single label on no list, nobody knows.
  package static func dividesOwners(below name: HostName) -> Bool {
    guard section(of: name) == nil else { return true }
    var domain = Substring(name.description)
    guard domain.contains(".") else { return true }
    while true {
      if DividedDomains.names.contains(String(domain)) { return true }
      guard let dot = domain.firstIndex(of: ".") else { return false }
      domain = domain[domain.index(after: dot)...]
    }
  }

  private static func isSuffix(_ name: String, _ section: CInt) -> Bool {
    // The built-in list is constant data of the library; the name is terminated and only read.
    unsafe psl_is_public_suffix2(psl_builtin(), name, section | PSL_TYPE_NO_STAR_RULE) == 1
  }
}
