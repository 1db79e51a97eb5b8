/// Follows the chunked transfer coding (RFC 9112 §7.1) through a body that is relayed as it comes.
/// Keeps no bytes; a state other than `more` is final.
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
    case data, dataLineFeed
    case trailers
    case failed(ChunkError)
    case done
  }

  /// Bytes of one chunk's extensions: room for a signature, none for a flood.
  static let maximumExtensionLength = 1024
  /// Digits of a size, leading zeros included.
  private static let maximumSizeDigits = 16

  /// Bytes of chunk data still to come before the next framing byte: a relay may pass that many on
  /// unseen, and says so with `skip`.
  package private(set) var dataRemaining: UInt64 = 0
  private var phase = Phase.sizeStart
  /// Of the chunk whose first line is being read.
  private var size: UInt64 = 0
  /// Digits of the size, or bytes of the extensions, so far.
  private var count: UInt16 = 0
  private var trailers = TrailerSection()

  /// - Parameter refusesForwardedClientCertificate: whether a trailer called
  ///   `x-forwarded-client-cert` makes the body malformed, as one of ours always does.
  package init(refusesForwardedClientCertificate: Bool = false) {
    trailers.refusesForwardedClientCertificate = refusesForwardedClientCertificate
  }

  /// `bytes` are those that follow the ones consumed or skipped so far.
  package mutating func advance(_ bytes: Span<UInt8>) -> Progress {
    var position = 0
    while position < bytes.count {
      if case .data = phase, dataRemaining > 0 {
        let available = min(dataRemaining, UInt64(bytes.count - position))
        dataRemaining -= available
        position += Int(available)
        continue
      }
      switch phase {
      case .failed(let error): return Progress(consumed: position, state: .malformed(error))
      case .done: return Progress(consumed: position, state: .complete)
      default: break
      }
      if let error = read(bytes[position]) {
        phase = .failed(error)
        return Progress(consumed: position, state: .malformed(error))
      }
      position += 1
    }
    switch phase {
    case .failed(let error): return Progress(consumed: position, state: .malformed(error))
    case .done: return Progress(consumed: position, state: .complete)
    default: return Progress(consumed: position, state: .more)
    }
  }

  /// `count` bytes of chunk data, at most `dataRemaining`, went by unseen.
  package mutating func skip(_ count: UInt64) {
    precondition(count <= dataRemaining)
    dataRemaining -= count
  }

  private mutating func read(_ byte: UInt8) -> ChunkError? {
    switch phase {
    case .sizeStart:
      guard byte.hexValue != nil else { return .badSize }
      size = 0
      count = 0
      phase = .size
      return readSize(byte)
    case .size: return readSize(byte)
    case .chunkExtension:
      if byte == .carriageReturn {
        phase = .sizeLineFeed
        return nil
      }
      guard byte.isFieldValueByte else { return .badExtension }
      count += 1
      return count > Self.maximumExtensionLength ? .extensionTooLong : nil
    case .sizeLineFeed:
      guard byte == .lineFeed else { return .missingLineEnd }
      dataRemaining = size
      phase = size == 0 ? .trailers : .data
      return nil
    case .data:
      guard byte == .carriageReturn else { return .missingLineEnd }
      phase = .dataLineFeed
      return nil
    case .dataLineFeed:
      guard byte == .lineFeed else { return .missingLineEnd }
      phase = .sizeStart
      return nil
    case .trailers:
      if let error = trailers.read(byte) { return error }
      if trailers.isComplete { phase = .done }
      return nil
    case .failed, .done: return nil
    }
  }

  private mutating func readSize(_ byte: UInt8) -> ChunkError? {
    if let digit = byte.hexValue {
      count += 1
      guard count <= Self.maximumSizeDigits, size <= UInt64(Int64.max) >> 4 else {
        return .sizeTooLarge
      }
      size = size << 4 | UInt64(digit)
      return nil
    }
    count = 0
    switch byte {
    case .carriageReturn:
      phase = .sizeLineFeed
      return nil
    case UInt8(ascii: ";"):
      phase = .chunkExtension
      return nil
    case .lineFeed: return .missingLineEnd
    default: return .badSize
    }
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
  /// A trailer field that would frame or address the message, or speak in our name, were it taken
  /// for a header field (RFC 9110 §6.5.1).
  case forbiddenTrailer
  case trailerTooLarge
}
