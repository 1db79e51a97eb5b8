/// A DNS name in the one form that is compared: lower-case A-labels, no trailing dot.
///
/// The bytes are stored inline so that a name seen in a flow costs no allocation.
package struct HostName: Sendable {
  /// Longest name without its trailing dot (RFC 1035 §2.3.4).
  package static let maximumLength = 253

  private var storage: InlineArray<256, UInt8>
  private var length: UInt8

  /// The name's bytes: ASCII letters in lower case, digits, `-`, `_` and `.`.
  package var bytes: Span<UInt8> {
    @_lifetime(borrow self) borrowing get { storage.span.extracting(first: Int(length)) }
  }
}

extension HostName {
  /// Why bytes that claim to be a name are none.
  package enum ParseError: Error, Equatable {
    case empty
    case tooLong
    /// A label is empty or longer than 63 bytes.
    case badLabel
    /// A byte that no host name holds: NUL, a space, a control character, not ASCII.
    case badByte
    /// A name with non-ASCII characters that IDNA2008 has no A-label for.
    case notInternationalized
  }

  /// Normalises a name as it stands in a flow (SNI, Host): ASCII only, one trailing dot ignored,
  /// upper case folded. `_` is accepted: it is no host name by RFC 952, yet services use it.
  ///
  /// The text of an IP address passes too; `endsInNumber` tells the two apart.
  package init(flowBytes bytes: Span<UInt8>) throws(ParseError) {
    var count = bytes.count
    if count > 0, bytes[count - 1] == UInt8(ascii: ".") { count -= 1 }
    guard count > 0 else { throw .empty }
    guard count <= Self.maximumLength else { throw .tooLong }
    storage = InlineArray(repeating: 0)
    length = UInt8(count)
    var label = 0
    for index in 0..<count {
      var byte = bytes[index]
      switch byte {
      case UInt8(ascii: "."):
        guard label > 0 else { throw .badLabel }
        label = -1
      case UInt8(ascii: "A")...UInt8(ascii: "Z"):
        byte |= 0x20
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "_"):
        break
      default:
        throw .badByte
      }
      label += 1
      guard label <= 63 else { throw .badLabel }
      storage[index] = byte
    }
    guard label > 0 else { throw .badLabel }
  }

  /// True for the text of an IPv4 address in any form that a resolver takes for one (`127.1`,
  /// `0x7f000001`): a last label that is a number is no name (WHATWG URL §3.5, "ends in a number").
  package var endsInNumber: Bool {
    let bytes = self.bytes
    var start = bytes.count
    while start > 0, bytes[start - 1] != UInt8(ascii: ".") { start -= 1 }
    var allDigits = true
    for index in start..<bytes.count
    where !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) {
      allDigits = false
    }
    if allDigits { return true }
    guard bytes.count - start >= 2, bytes[start] == UInt8(ascii: "0"),
      bytes[start + 1] == UInt8(ascii: "x")
    else { return false }
    for index in (start + 2)..<bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): continue
      default: return false
      }
    }
    return true
  }
}

extension HostName: Hashable, CustomStringConvertible {
  package static func == (a: HostName, b: HostName) -> Bool {
    guard a.length == b.length else { return false }
    let (x, y) = (a.bytes, b.bytes)
    for index in 0..<x.count where x[index] != y[index] { return false }
    return true
  }

  package func hash(into hasher: inout Hasher) {
    let bytes = self.bytes
    for index in 0..<bytes.count { hasher.combine(bytes[index]) }
  }

  package var description: String {
    let bytes = self.bytes
    return String(decoding: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self)
  }
}
