internal import Addressing

/// Names and suffixes by hash, with open addressing.
///
/// A name is hashed once, from its end: at each dot the hash is that of a suffix, at last that of
/// the name. Who chooses the names that are looked up doesn't choose those in the table, so no
/// chain can be made long from outside.
struct NameTable: Sendable {
  /// The upper half of a slot is part of the key's hash, the lower one its payload.
  private var slots: [UInt64]
  /// Bit n: there is a suffix of n labels.
  private var suffixDepths: UInt128 = 0
  private var hasExactNames = false

  private static let empty = UInt64.max

  init(capacity: Int) {
    // At most three quarters full.
    var size = 4
    while size * 3 < capacity * 4 { size *= 2 }
    slots = Array(repeating: Self.empty, count: size)
  }

  /// Finds the place of a rule's host, or makes one.
  ///
  /// - Returns: the payload that is there, which is `rule` itself where there was none.
  mutating func insert(_ rule: UInt32, of list: RuleList) -> UInt32 {
    let host = list.entries[Int(rule)].host
    let key: Key
    let name: Range<Int>
    switch host {
    case .exact(let start, let length):
      (key, name) = (.exact, Int(start)..<Int(start) + Int(length))
      hasExactNames = true
    case .below(let start, let length):
      (key, name) = (.suffix, Int(start)..<Int(start) + Int(length))
    case .anyName, .blockV4, .blockV6: preconditionFailure("such a rule has no name")
    }
    var hash = NameHash()
    var labels = 1
    for index in name.reversed() {
      let byte = list.texts[index]
      if byte == UInt8(ascii: ".") { labels += 1 }
      hash.add(byte)
    }
    if key == .suffix { suffixDepths |= 1 << UInt128(labels) }

    let value = hash.value(of: key)
    var slot = Int(truncatingIfNeeded: value) & (slots.count - 1)
    while slots[slot] != Self.empty {
      let payload = UInt32(truncatingIfNeeded: slots[slot])
      if slots[slot] >> 32 == value >> 32,
        list.isSameHost(host, list.entries[Int(payload)].host)
      {
        return payload
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = value & ~0xffff_ffff | UInt64(rule)
    return rule
  }

  /// Puts in the place of each payload what `place` makes of it.
  mutating func replacePayloads(_ place: (UInt32) -> RuleGroups.Place) {
    for slot in slots.indices where slots[slot] != Self.empty {
      let payload = UInt32(truncatingIfNeeded: slots[slot])
      slots[slot] = slots[slot] & ~0xffff_ffff | UInt64(place(payload).rawValue)
    }
  }

  enum Key { case exact, suffix }

  /// How far the search for a name has come.
  struct Walk {
    fileprivate var hash = NameHash()
    /// Where the part that is hashed begins; -1 after the last.
    fileprivate var start: Int
    fileprivate var labels = 1

    init(_ name: Span<UInt8>) { start = name.count }
  }

  /// The rules of the next suffix of the name that has any, and at last those of the name.
  @inline(__always)
  func next(
    _ walk: inout Walk, in name: Span<UInt8>, of list: RuleList, _ groups: RuleGroups
  ) -> RuleGroups.Place? {
    while walk.start > 0 {
      walk.start -= 1
      let byte = name[walk.start]
      if byte == UInt8(ascii: ".") {
        let isDepth = suffixDepths >> UInt128(walk.labels) & 1 == 1
        let suffix = walk.hash
        let start = walk.start + 1
        walk.labels += 1
        walk.hash.add(byte)
        if isDepth, let place = find(suffix, .suffix, name, from: start, list, groups) {
          return place
        }
      } else {
        walk.hash.add(byte)
      }
    }
    guard walk.start == 0 else { return nil }
    walk.start = -1
    guard hasExactNames, !name.isEmpty else { return nil }
    return find(walk.hash, .exact, name, from: 0, list, groups)
  }

  private func find(
    _ hash: NameHash, _ key: Key, _ name: Span<UInt8>, from start: Int, _ list: RuleList,
    _ groups: RuleGroups
  ) -> RuleGroups.Place? {
    let value = hash.value(of: key)
    let slots = self.slots.span
    var slot = Int(truncatingIfNeeded: value) & (slots.count - 1)
    while slots[slot] != Self.empty {
      if slots[slot] >> 32 == value >> 32 {
        let place = RuleGroups.Place(rawValue: UInt32(truncatingIfNeeded: slots[slot]))
        if list.isHost(of: groups.first(at: place), key, name, from: start) { return place }
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }
}

/// FNV-1a of a name's bytes, from the last to the first.
struct NameHash {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ byte: UInt8) {
    state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
  }

  /// Its low bits depend on all bits of the state, and on whether it is a suffix.
  func value(of key: NameTable.Key) -> UInt64 {
    var value = key == .suffix ? ~state : state
    value = (value ^ value >> 32) &* 0x9e37_79b9_7f4a_7c15
    return value ^ value >> 29
  }
}

extension RuleList {
  /// Whether the name from `start` on is the one in a rule's pattern.
  fileprivate func isHost(
    of rule: Int, _ key: NameTable.Key, _ name: Span<UInt8>, from start: Int
  ) -> Bool {
    let place: UInt32
    let length: UInt8
    switch (entries.span[rule].host, key) {
    case (.exact(let start, let count), .exact), (.below(let start, let count), .suffix):
      (place, length) = (start, count)
    default: return false
    }
    guard name.count - start == length else { return false }
    let texts = self.texts.span
    for index in 0..<Int(length) where name[start + index] != texts[Int(place) + index] {
      return false
    }
    return true
  }

  fileprivate func isSameHost(_ a: Entry.Host, _ b: Entry.Host) -> Bool {
    switch (a, b) {
    case (.exact(let a, let aCount), .exact(let b, let bCount)),
      (.below(let a, let aCount), .below(let b, let bCount)):
      aCount == bCount
        && (0..<Int(aCount)).allSatisfy { texts[Int(a) + $0] == texts[Int(b) + $0] }
    default: false
    }
  }
}
