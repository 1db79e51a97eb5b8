/// The name of a network interface, or the beginning of the names of several.
package struct InterfacePattern: Hashable, Sendable {
  /// 1 to 15 bytes, without the `*` of a pattern: fewer than the kernel's IFNAMSIZ of 16, which
  /// counts the zero byte.
  package let name: String
  /// Every interface whose name begins with `name` is meant, `name` itself included.
  package let isPrefix: Bool

  /// Reads `eth0`, or with one `*` at the end `cali*`.
  ///
  /// Stricter than the kernel, which takes any bytes but `/`, `:` and white space: what has a
  /// meaning in an nftables text or a shell is more often a slip or an attack than a name.
  package init(_ text: some StringProtocol) throws(InterfacePatternError) {
    let isPrefix = text.last == "*"
    let name = isPrefix ? String(text.dropLast()) : String(text)
    guard !text.isEmpty else { throw .empty }
    guard !name.isEmpty else { throw .everyInterface }
    guard name != ".", name != ".." else { throw .reserved(name) }
    if let scalar = name.unicodeScalars.first(where: { !Self.mayHold($0) }) {
      throw .character(scalar)
    }
    guard text.utf8.count <= Self.maximumBytes else { throw .tooLong(bytes: text.utf8.count) }
    self.name = name
    self.isPrefix = isPrefix
  }

  /// What a name and the `*` of a pattern may have together.
  package static let maximumBytes = 15

  /// True for the name of an interface that is meant.
  package func matches(_ interface: some StringProtocol) -> Bool {
    isPrefix ? interface.utf8.starts(with: name.utf8) : interface.utf8.elementsEqual(name.utf8)
  }

  /// True where every interface that `other` means is meant.
  package func covers(_ other: InterfacePattern) -> Bool {
    isPrefix ? matches(other.name) : self == other
  }

  private static func mayHold(_ scalar: Unicode.Scalar) -> Bool {
    (0x21...0x7e).contains(scalar.value) && !"/:;,*'\"`\\{}".unicodeScalars.contains(scalar)
  }
}

/// Why a text names no interface.
package enum InterfacePatternError: Error, Hashable, Sendable {
  case empty
  /// `*` alone.
  case everyInterface
  /// `.` and `..`, which the kernel keeps for its own directories.
  case reserved(String)
  case character(Unicode.Scalar)
  /// More than 15, the `*` of a pattern counted.
  case tooLong(bytes: Int)
}

extension InterfacePattern: CustomStringConvertible {
  /// As it was written.
  package var description: String { isPrefix ? "\(name)*" : name }
}

extension Sequence<InterfacePattern> {
  /// The same interfaces without the names and patterns that others cover, in the order of their
  /// bytes.
  package func coalesced() -> [InterfacePattern] {
    let unique = Set(self)
    return unique.filter { one in !unique.contains { $0 != one && $0.covers(one) } }
      .sorted { $0.description.utf8.lexicographicallyPrecedes($1.description.utf8) }
  }
}
