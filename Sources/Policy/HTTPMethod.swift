/// A request method: a case-sensitive token (RFC 9110 §9.1), stored inline.
package struct HTTPMethod: Sendable {
  /// Longest method that is judged; the longest registered one has 17 bytes.
  package static let maximumLength = 31

  private var storage: InlineArray<31, UInt8>
  private var length: UInt8

  /// Nil where `token` is empty, too long or holds a byte that is no token character.
  package init?(_ token: Span<UInt8>) {
    guard (1...Self.maximumLength).contains(token.count) else { return nil }
    storage = InlineArray(repeating: 0)
    length = UInt8(token.count)
    for index in 0..<token.count {
      guard Self.isTokenByte(token[index]) else { return nil }
      storage[index] = token[index]
    }
  }

  package init?(_ text: String) {
    self.init(Array(text.utf8).span)
  }

  /// True for CONNECT, which asks for a tunnel (RFC 9110 §9.3.6).
  package var isConnect: Bool {
    guard length == 7 else { return false }
    var word: UInt64 = 0
    for index in 0..<7 { word = word << 8 | UInt64(storage[index]) }
    return word == 0x43_4f_4e_4e_45_43_54
  }

  package var bytes: Span<UInt8> {
    @_lifetime(borrow self) borrowing get { storage.span.extracting(first: Int(length)) }
  }

  /// `tchar` of RFC 9110 §5.6.2.
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}

extension HTTPMethod: Hashable, CustomStringConvertible {
  package static func == (a: HTTPMethod, b: HTTPMethod) -> Bool {
    guard a.length == b.length else { return false }
    for index in 0..<Int(a.length) where a.storage[index] != b.storage[index] { return false }
    return true
  }

  package func hash(into hasher: inout Hasher) {
    for index in 0..<Int(length) { hasher.combine(storage[index]) }
  }

  package var description: String {
    String(decoding: (0..<Int(length)).map { storage[$0] }, as: UTF8.self)
  }
}
