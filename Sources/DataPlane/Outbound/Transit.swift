import Kernel
import Wire

/// Bytes on their way in one direction. Fields stand by size, since every connection has two.
struct Transit: ~Copyable {
  /// Read and not yet taken by the destination. Empty while nobody waits.
  var pending = ByteBuffer()
  /// Bytes in the pipe.
  var pipeFill: UInt32 = 0
  /// Borrowed while bytes go by splice.
  var pipe: PipePool.Box?
  /// What of the source's bytes belongs here.
  var meter = Meter.untilEnd
  /// Bytes delivered since the record began.
  var delivered: UInt64 = 0
  /// The source filled the whole buffer last time: more will come, so it goes by splice.
  var isBulk = false
  /// What is read is copied: it may have to be sent again.
  var isKept = false
  /// The source has ended and all of it was delivered.
  var hasEnded = false

  /// Nothing waits between the sockets.
  var isEmpty: Bool { pending.isEmpty && pipeFill == 0 }
}

/// Where a message's body ends in a stream of bytes.
enum Meter {
  /// The message is over.
  case complete
  case counted(UInt64)
  case chunked(ChunkedReader)
  /// All until the source ends: an opaque stream, or a response delimited by closing.
  case untilEnd

  var isComplete: Bool {
    if case .complete = self { true } else { false }
  }

  /// How many bytes may be read without reading into the next message. Chunked bodies show their
  /// end only when they are read.
  var readLimit: Int {
    switch self {
    case .complete: 0
    case .counted(let count): Int(min(count, UInt64(Int32.max)))
    case .chunked, .untilEnd: Int(Int32.max)
    }
  }

  /// True where the bytes needn't be seen, so that they may go by splice.
  var allowsSplice: Bool {
    switch self {
    case .counted, .untilEnd: true
    case .complete, .chunked: false
    }
  }

  struct Admission {
    /// Leading bytes that belong to this message.
    var count: Int
    var isMalformed: Bool
  }

  /// Counts in what was read.
  mutating func admit(_ bytes: Span<UInt8>) -> Admission {
    switch self {
    case .complete:
      return Admission(count: 0, isMalformed: false)
    case .counted(let remaining):
      let count = Int(min(remaining, UInt64(bytes.count)))
      self = remaining == UInt64(count) ? .complete : .counted(remaining - UInt64(count))
      return Admission(count: count, isMalformed: false)
    case .untilEnd:
      return Admission(count: bytes.count, isMalformed: false)
    case .chunked(var reader):
      let progress = reader.advance(bytes)
      switch progress.state {
      case .more:
        self = .chunked(reader)
        return Admission(count: progress.consumed, isMalformed: false)
      case .complete:
        self = .complete
        return Admission(count: progress.consumed, isMalformed: false)
      case .malformed:
        self = .complete
        return Admission(count: progress.consumed, isMalformed: true)
      }
    }
  }

  /// Counts in bytes that went by unseen.
  mutating func skip(_ count: Int) {
    if case .counted(let remaining) = self {
      self = remaining == UInt64(count) ? .complete : .counted(remaining - UInt64(count))
    }
  }
}
