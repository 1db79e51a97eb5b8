import Kernel

/// Deadlines of many connections, told in steps of 64 ms.
///
/// A connection, known by its slot's index, has at most one entry. Moving a deadline back costs
/// nothing: the entry comes up early, is found to be early and is entered again. So activity on a
/// busy connection is one store, not a timer operation.
///
/// The entries of a step are a ring of links, so that one takes eight bytes and can be removed at
/// once.
struct TimerWheel {
  /// Nanoseconds of a step.
  static let step: UInt64 = 64_000_000
  /// The step of what has no entry.
  static let never = UInt64.max
  private static let slotCount = 1024

  /// A node's neighbours in its ring; itself where it is in none.
  private struct Link {
    var previous: Int32
    var next: Int32
  }

  /// Nodes by `slotCount`: the first block's are the wheel's slots, where each ring begins; then
  /// come the connections'.
  private var blocks: [[Link]] = []
  /// Bit n of word w: slot 64w + n holds entries.
  private var occupied = [UInt64](repeating: 0, count: slotCount / 64)
  /// Every step before this one has been told, and this one as far as it was asked for.
  private var current: UInt64

  init(now: Instant) {
    current = now.nanoseconds / Self.step
    addBlock()
  }

  /// The step at whose end `time` has passed.
  static func step(of time: Instant) -> UInt64 {
    (time.nanoseconds + step - 1) / step
  }

  /// Enters a connection, in place of the entry that it may have, and returns the step at which it
  /// comes up: that of `time`, or the wheel's last where that is further away.
  mutating func enter(_ index: UInt32, by time: Instant) -> UInt64 {
    let node = Self.node(of: index)
    while Int(node) >= blocks.count * Self.slotCount { addBlock() }
    unlink(node)
    let wanted = max(Self.step(of: time), current + 1)
    let step = min(wanted, current + UInt64(Self.slotCount) - 1)
    let slot = Int(step % UInt64(Self.slotCount))
    let last = self[Int32(slot)].previous
    self[node] = Link(previous: last, next: Int32(slot))
    self[last].next = node
    self[Int32(slot)].previous = node
    occupied[slot / 64] |= 1 << UInt64(slot % 64)
    return step
  }

  /// Removes a connection's entry, if it has one.
  mutating func remove(_ index: UInt32) {
    let node = Self.node(of: index)
    if Int(node) < blocks.count * Self.slotCount { unlink(node) }
  }

  /// Takes one entry out whose step has passed; nil once none is left. The caller enters the
  /// connection again where its deadline has moved.
  mutating func popDue(at now: Instant) -> UInt32? {
    let last = now.nanoseconds / Self.step
    while true {
      let slot = Int32(current % UInt64(Self.slotCount))
      let first = self[slot].next
      if first != slot {
        unlink(first)
        return UInt32(Int(first) - Self.slotCount)
      }
      guard current < last else { return nil }
      let next = Int(current + 1) % Self.slotCount
      guard let distance = distanceToOccupied(from: next) else {
        current = last
        return nil
      }
      current = min(last, current + 1 + UInt64(distance))
    }
  }

  /// Nanoseconds from `now` until the next entry comes up; nil where there is none.
  func nextWait(from now: Instant) -> UInt64? {
    let start = Int((current + 1) % UInt64(Self.slotCount))
    guard let distance = distanceToOccupied(from: start) else { return nil }
    return Instant(nanoseconds: (current + 1 + UInt64(distance)) * Self.step).since(now)
  }

  /// Bytes of all entries that there is room for.
  var byteCount: Int { blocks.count * Self.slotCount * MemoryLayout<Link>.stride }

  private mutating func unlink(_ node: Int32) {
    let link = self[node]
    guard link.next != node else { return }
    self[link.previous].next = link.next
    self[link.next].previous = link.previous
    self[node] = Link(previous: node, next: node)
    // Only the slot is left in its ring.
    if link.previous == link.next {
      occupied[Int(link.next) / 64] &= ~(1 << UInt64(link.next % 64))
    }
  }

  private static func node(of index: UInt32) -> Int32 { Int32(slotCount) + Int32(index) }

  private subscript(node: Int32) -> Link {
    get { blocks[Int(node) / Self.slotCount][Int(node) % Self.slotCount] }
    _modify { yield &blocks[Int(node) / Self.slotCount][Int(node) % Self.slotCount] }
  }

  private mutating func addBlock() {
    let first = Int32(blocks.count * Self.slotCount)
    blocks.append(
      (first..<(first + Int32(Self.slotCount))).map { Link(previous: $0, next: $0) })
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
