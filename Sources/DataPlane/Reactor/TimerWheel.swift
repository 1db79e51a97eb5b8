import Kernel

/// Deadlines of many connections, told in steps of 64 ms.
///
/// A connection has at most one valid entry. Moving a deadline back costs nothing: the entry comes
/// up early, is found to be early and is entered again. So activity on a busy connection is one
/// store, not a timer operation.
struct TimerWheel {
  /// Nanoseconds of a step.
  static let step: UInt64 = 64_000_000
  private static let slotCount = 1024

  private var slots = [[Due]](repeating: [], count: slotCount)
  /// Bit n of word w: slot 64w + n holds entries.
  private var occupied = [UInt64](repeating: 0, count: slotCount / 64)
  /// Every step up to this one has been told.
  private var current: UInt64

  init(now: Instant) { current = now.nanoseconds / Self.step }

  /// The step at whose end `deadline` has passed.
  static func step(of deadline: Instant) -> UInt64 {
    (deadline.nanoseconds + step - 1) / step
  }

  /// Enters a connection and returns the step at which it comes up: its deadline's, or the wheel's
  /// last where that is further away.
  mutating func insert(_ id: ConnectionID, deadline: Instant) -> UInt64 {
    let wanted = max(Self.step(of: deadline), current + 1)
    let step = min(wanted, current + UInt64(Self.slotCount) - 1)
    let slot = Int(step % UInt64(Self.slotCount))
    slots[slot].append(Due(id: id, step: step))
    occupied[slot / 64] |= 1 << UInt64(slot % 64)
    return step
  }

  struct Due {
    var id: ConnectionID
    var step: UInt64
  }

  /// Every entry whose step has passed. The caller checks that it is the connection's valid one
  /// and, where the deadline has moved, enters it again.
  mutating func takeDue(at now: Instant) -> [Due] {
    let last = now.nanoseconds / Self.step
    guard last > current else { return [] }
    // Each slot once, however long nobody asked.
    let count = min(last - current, UInt64(Self.slotCount))
    var due: [Due] = []
    for step in (last - count + 1)...last {
      let slot = Int(step % UInt64(Self.slotCount))
      guard !slots[slot].isEmpty else { continue }
      due.append(contentsOf: slots[slot])
      slots[slot].removeAll(keepingCapacity: true)
      occupied[slot / 64] &= ~(1 << UInt64(slot % 64))
    }
    current = last
    return due
  }

  /// Nanoseconds from `now` until the next entry comes up; nil where there is none.
  func nextWait(from now: Instant) -> UInt64? {
    let start = Int((current + 1) % UInt64(Self.slotCount))
    guard let distance = distanceToOccupied(from: start) else { return nil }
    return Instant(nanoseconds: (current + 1 + UInt64(distance)) * Self.step).since(now)
  }

  private func distanceToOccupied(from start: Int) -> Int? {
    let words = occupied.count
    for offset in 0...words {
      let index = (start / 64 + offset) % words
      var word = occupied[index]
      if offset == 0 { word &= ~0 << UInt64(start % 64) }
      if offset == words { word &= ~(~0 << UInt64(start % 64)) }
      if word != 0 {
        let slot = index * 64 + word.trailingZeroBitCount
        return (slot - start + Self.slotCount) % Self.slotCount
      }
    }
    return nil
  }
}
