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

  /// Bytes of chunk data still to come before the next framing byte: a relay may pass that many on
  /// unseen, and says so with `skip`.
  package private(set) var dataRemaining: UInt64 = 0

  package init() {}

  package mutating func advance(_ bytes: Span<UInt8>) -> Progress {
    Progress(consumed: 0, state: .more)
  }

  /// `count` bytes of chunk data, at most `dataRemaining`, went by unseen.
  package mutating func skip(_ count: UInt64) {
    dataRemaining -= count
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
