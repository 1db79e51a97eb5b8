/// What a value that doesn't belong in a configuration looks like.
///
/// A guard against slips, not a scanner: it knows the shapes that stand in documents by accident.
/// Whoever reports one never shows the value.
enum Secret: CustomStringConvertible {
  case pem
  case token
  case urlWithPassword

  /// Nil where `text` looks like none.
  init?(in text: String) {
    // One pass that leaves nearly every value behind: each shape has three bytes of its own.
    var mayBePEM = false
    var mayBeURL = false
    var mayBeToken = false
    var lastThree: UInt32 = 0
    for byte in text.utf8 {
      lastThree = (lastThree << 8 | UInt32(byte)) & 0xff_ffff
      switch lastThree {
      case 0x2d2d2d: mayBePEM = true  // ---
      case 0x3a2f2f: mayBeURL = true  // ://
      case 0x65794a: mayBeToken = true  // eyJ
      default: break
      }
    }
    if mayBePEM, Self.holdsPEM(text) {
      self = .pem
    } else if mayBeURL, Self.holdsURLWithPassword(text) {
      self = .urlWithPassword
    } else if mayBeToken, Self.holdsToken(text) {
      self = .token
    } else {
      return nil
    }
  }

  var description: String {
    switch self {
    case .pem: "a PEM block"
    case .token: "a signed token (JWT)"
    case .urlWithPassword: "a URL with a password"
    }
  }

  /// True for keys whose value must be a path: `clientSecret`, `db_password`, `API-KEY`.
  static func isNamed(_ key: String) -> Bool {
    // The last letters of the three.
    switch key.utf8.last.map({ $0 | 0x20 }) {
    case UInt8(ascii: "t"), UInt8(ascii: "d"), UInt8(ascii: "y"): break
    default: return false
    }
    return ["secret", "password", "key"].contains { ending in
      key.utf8.count >= ending.utf8.count
        && zip(key.utf8.reversed(), ending.utf8.reversed()).allSatisfy { $0 | 0x20 == $1 }
    }
  }

  static func isPath(_ text: String) -> Bool {
    ["/", "./", "../"].contains { text.hasPrefix($0) }
  }

  private static func holdsPEM(_ text: String) -> Bool {
    firstIndex(of: "-----BEGIN ", in: Array(text.utf8), from: 0) != nil
  }

  /// `scheme://user:password@host`, anywhere in the text.
  private static func holdsURLWithPassword(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    var start = 0
    while let at = firstIndex(of: "://", in: bytes, from: start) {
      start = at + 3
      let authority = bytes[start...].prefix { !"/?# \t\n\"'".utf8.contains($0) }
      guard let end = authority.lastIndex(of: UInt8(ascii: "@")),
        let colon = authority[..<end].firstIndex(of: UInt8(ascii: ":"))
      else { continue }
      if colon + 1 < end { return true }
    }
    return false
  }

  /// Three parts in base64url of which the first begins like a JSON object (RFC 7519 §3), or the
  /// five of an encrypted one; anywhere in the text.
  private static func holdsToken(_ text: String) -> Bool {
    let words = text.utf8.split { byte in
      !byte.isLetterOrDigit && !"-_.".utf8.contains(byte)
    }
    return words.contains { word in
      let parts = word.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      guard parts.count == 3 || parts.count == 5, parts[0].count >= 12 else { return false }
      // `{"` and the first letter of a name: base64 of a JSON object without white space. The
      // second part of a signed token is one, too.
      guard parts[0].starts(with: "eyJ".utf8) else { return false }
      return parts.count == 5 || parts[1].starts(with: "eyJ".utf8)
    }
  }

  private static func firstIndex(of text: String, in bytes: [UInt8], from: Int) -> Int? {
    let wanted = Array(text.utf8)
    guard bytes.count - from >= wanted.count else { return nil }
    return (from...(bytes.count - wanted.count)).first { start in
      bytes[start..<(start + wanted.count)].elementsEqual(wanted)
    }
  }
}
