/// Follows the trailer section of a chunked body (RFC 9112 §7.1.2) byte by byte, keeping no more of
/// it than the beginning of one name.
struct TrailerSection: Sendable {
  private enum Phase {
    case lineStart, name, value, valueLineFeed, finalLineFeed
  }

  static let maximumBytes = 8192
  static let maximumFields = 64

  private(set) var isComplete = false
  var refusesForwardedClientCertificate = false
  private var phase = Phase.lineStart
  // Small integers: a connection holds two of these for as long as it lives.
  private var bytes: UInt32 = 0
  private var fields: UInt16 = 0
  /// Enough of the current name to tell those that are refused.
  private var name = InlineArray<17, UInt8>(repeating: 0)
  private var nameLength: UInt8 = 0
  /// How much of the current name is that of `x-forwarded-client-cert`, in any spelling; one more than
  /// there is of it where it isn't.
  private var forwardedLength: UInt8 = 0
  private static let forwardedName = Array("x-forwarded-client-cert".utf8)

  mutating func read(_ byte: UInt8) -> ChunkError? {
    bytes += 1
    guard bytes <= Self.maximumBytes else { return .trailerTooLarge }
    switch phase {
    case .lineStart:
      if byte == .carriageReturn {
        phase = .finalLineFeed
        return nil
      }
      fields += 1
      guard fields <= Self.maximumFields else { return .trailerTooLarge }
      guard byte.isTokenByte else { return .badTrailer }
      nameLength = 0
      forwardedLength = 0
      keep(byte)
      phase = .name
    case .name:
      if byte.isTokenByte {
        keep(byte)
      } else {
        guard byte == UInt8(ascii: ":") else { return .badTrailer }
        guard !isForbidden else { return .forbiddenTrailer }
        phase = .value
      }
    case .value:
      if byte == .carriageReturn {
        phase = .valueLineFeed
      } else {
        guard byte.isFieldValueByte else { return .badTrailer }
      }
    case .valueLineFeed:
      guard byte == .lineFeed else { return .badTrailer }
      phase = .lineStart
    case .finalLineFeed:
      guard byte == .lineFeed else { return .badTrailer }
      isComplete = true
    }
    return nil
  }

  private mutating func keep(_ byte: UInt8) {
    if nameLength < 17 { name[Int(nameLength)] = byte }
    // 18 stands for every longer name.
    if nameLength < 18 { nameLength += 1 }
    if refusesForwardedClientCertificate { follow(byte) }
  }

  private mutating func follow(_ byte: UInt8) {
    let name = Self.forwardedName
    guard Int(forwardedLength) < name.count else {
      forwardedLength = UInt8(name.count) + 1
      return
    }
    let expected = name[Int(forwardedLength)]
    let isSame =
      expected == UInt8(ascii: "-") ? !byte.isLetter && !byte.isDigit : byte | 0x20 == expected
    forwardedLength = isSame ? forwardedLength + 1 : UInt8(name.count) + 1
  }

  private var isForbidden: Bool {
    let kept = name.span.extracting(first: min(Int(nameLength), 17))
    if kept.isReservedFieldName { return true }
    if refusesForwardedClientCertificate, Int(forwardedLength) == Self.forwardedName.count {
      return true
    }
    guard nameLength <= 17 else { return false }
    return kept.matches("host") || kept.matches("content-length")
      || kept.matches("transfer-encoding")
  }
}
