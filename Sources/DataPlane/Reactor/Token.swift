/// What an epoll event is about, in the 64 bits that epoll keeps for us.
///
/// ```
/// 63          32 31        8 7      1  0
/// ┌────────────┬────────────┬────────┬───┐
/// │ generation │ slot index │ serial │ s │   s: 0 client, 1 upstream
/// └────────────┴────────────┴────────┴───┘
/// ```
/// A descriptor alone wouldn't do: its number is used again while events of the old one are still
/// in the batch.
struct Token {
  enum Source: Equatable {
    case client
    /// The connection's upstream socket of that serial number.
    case upstream(UInt8)
    /// The worker's listener of that position.
    case listener(Int)
    case wakeUp
  }

  static let serialMask: UInt8 = 0x7f
  /// Index of no slot: slots end far below (2^24 connections).
  private static let noSlot: UInt32 = 0xff_ffff
  static let maximumSlots = Int(noSlot)

  let rawValue: UInt64

  init(rawValue: UInt64) { self.rawValue = rawValue }

  init(_ id: ConnectionID, _ source: Source) {
    var low: UInt64 = 0
    if case .upstream(let serial) = source { low = UInt64(serial & Self.serialMask) << 1 | 1 }
    rawValue = UInt64(id.generation) << 32 | UInt64(id.index) << 8 | low
  }

  init(listener position: Int) {
    rawValue = UInt64(position + 1) << 32 | UInt64(Self.noSlot) << 8
  }

  static let wakeUp = Token(rawValue: UInt64(noSlot) << 8)

  var id: ConnectionID {
    ConnectionID(
      generation: UInt32(truncatingIfNeeded: rawValue >> 32),
      index: UInt32(truncatingIfNeeded: rawValue >> 8) & 0xff_ffff)
  }

  var source: Source {
    if id.index == Self.noSlot {
      return id.generation == 0 ? .wakeUp : .listener(Int(id.generation) - 1)
    }
    if rawValue & 1 == 0 { return .client }
    return .upstream(UInt8(truncatingIfNeeded: rawValue >> 1) & Self.serialMask)
  }
}
