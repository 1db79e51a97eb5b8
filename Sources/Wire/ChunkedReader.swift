/// Follows the chunked transfer coding (RFC 9112 §7.1) through a body that is relayed as it comes.
/// Keeps no bytes.
package struct ChunkedReader: Sendable {
  package enum State: Sendable, Equatable {
    case more
    /// The last chunk and the trailer section are over; bytes behind `consumed` belong to what
    /// follows.
    case complete
    case malformed(ChunkError)
  }

  package struct Progress: Sendable, Equatable {
    /// Bytes of the input that belong to this body and are sound.
    package var consumed: Int
    package var state: State
  }

  private enum Phase {
    case sizeStart, size, chunkExtension, sizeLineFeed
    case data, dataCarriageReturn, dataLineFeed
    case trailerStart, trailerName, trailerValue, trailerLineFeed, finalLineFeed
    case complete
  }

  /// A chunk's extensions mean nothing to anyone here; they are only bounded.
  private static let maximumExtensionLength = 1024
  private static let maximumTrailerLength = 16384

  private var phase = Phase.sizeStart
  private var size: UInt64 = 0
  /// Bytes of the extension, or of the trailer section, so far.
  private var length = 0

  /// Bytes of chunk data still to come before the next framing byte: a relay may pass that many on
  /// unseen, and says so with `skip`.
  package private(set) var dataRemaining: UInt64 = 0

  package init() {}

  package mutating func advance(_ bytes: Span<UInt8>) -> Progress {
    var position = 0
    while position < bytes.count {
      if phase == .data {
        let step = Int(min(dataRemaining, UInt64(bytes.count - position)))
        position += step
        skip(UInt64(step))
        continue
      }
      if let error = take(bytes[position]) {
        return Progress(consumed: position, state: .malformed(error))
      }
      position += 1
      if phase == .complete { return Progress(consumed: position, state: .complete) }
    }
    return Progress(consumed: position, state: .more)
  }

  /// `count` bytes of chunk data, at most `dataRemaining`, went by unseen.
  package mutating func skip(_ count: UInt64) {
    dataRemaining -= count
    if dataRemaining == 0, phase == .data { phase = .dataCarriageReturn }
  }

  /// One byte of framing.
  private mutating func take(_ byte: UInt8) -> ChunkError? {
    switch phase {
    case .sizeStart, .size: return takeSize(byte)
    case .chunkExtension:
      if byte == .carriageReturn {
        phase = .sizeLineFeed
        return nil
      }
      guard byte.isFieldValueByte else { return .badExtension }
      length += 1
      return length > Self.maximumExtensionLength ? .extensionTooLong : nil
    case .sizeLineFeed:
      guard byte == .lineFeed else { return .missingLineEnd }
      length = 0
      dataRemaining = size
      phase = size == 0 ? .trailerStart : .data
      size = 0
    case .dataCarriageReturn:
      guard byte == .carriageReturn else { return .missingLineEnd }
      phase = .dataLineFeed
    case .dataLineFeed:
      guard byte == .lineFeed else { return .missingLineEnd }
      phase = .sizeStart
    case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed, .finalLineFeed:
      return takeTrailer(byte)
    case .data, .complete:
      preconditionFailure("chunk data is not framing")
    }
    return nil
  }

  private mutating func takeSize(_ byte: UInt8) -> ChunkError? {
    if let digit = byte.hexValue {
      // 60 bits: enough for any body, and never an overflow.
      guard size >> 56 == 0 else { return .sizeTooLarge }
      size = size << 4 | UInt64(digit)
      phase = .size
      return nil
    }
    guard phase == .size else { return .badSize }
    switch byte {
    case .carriageReturn: phase = .sizeLineFeed
    case UInt8(ascii: ";"): phase = .chunkExtension
    default: return .badSize
    }
    return nil
  }

  private mutating func takeTrailer(_ byte: UInt8) -> ChunkError? {
    length += 1
    guard length <= Self.maximumTrailerLength else { return .trailerTooLarge }
    switch phase {
    case .trailerStart:
      if byte == .carriageReturn {
        phase = .finalLineFeed
        return nil
      }
      guard byte.isTokenByte else { return .badTrailer }
      phase = .trailerName
    case .trailerName:
      if byte == UInt8(ascii: ":") {
        phase = .trailerValue
      } else if !byte.isTokenByte {
        return .badTrailer
      }
    case .trailerValue:
      if byte == .carriageReturn {
        phase = .trailerLineFeed
      } else if !byte.isFieldValueByte {
        return .badTrailer
      }
    case .trailerLineFeed:
      guard byte == .lineFeed else { return .missingLineEnd }
      phase = .trailerStart
    default:
      guard byte == .lineFeed else { return .missingLineEnd }
      phase = .complete
    }
    return nil
  }
}

/// Why bytes are no chunked body.
package enum ChunkError: Error, Sendable, CaseIterable {
  case badSize
  case sizeTooLarge
  case badExtension
  case extensionTooLong
  case missingLineEnd
  case badTrailer
  case trailerTooLarge
}
