/// The rules of each host that has more than one, in order. Where they are many they are found by
/// the port.
struct RuleGroups: Sendable {
  /// Where the rules of a host are: a rule itself, or a group. Half of the numbers are for either.
  struct Place: Sendable {
    var rawValue: UInt32

    static let groupBit: UInt32 = 1 << 31
    var group: Int? { rawValue & Self.groupBit == 0 ? nil : Int(rawValue & ~Self.groupBit) }
  }

  private struct Group {
    var first: UInt32
    /// Where its members or, where it has a map, its intervals begin, and how many there are.
    var start: UInt32
    var count: UInt32
    var isMapped: Bool
  }

  /// Trying as many rules one by one costs less than finding the port's.
  private static let longestList = 8

  private var groups: [Group] = []
  private var members: [UInt32] = []
  /// The first port of each interval, and where its members begin; those of the next one follow.
  private var ports: [UInt16] = []
  private var offsets: [UInt32] = []

  /// - Parameter rules: of one host, ascending, at least one.
  mutating func place(of rules: [Int], in list: RuleList) -> Place {
    guard rules.count > 1 else { return Place(rawValue: UInt32(rules[0])) }
    var group = Group(first: UInt32(rules[0]), start: 0, count: 0, isMapped: false)
    if rules.count <= Self.longestList {
      group.start = UInt32(members.count)
      group.count = UInt32(rules.count)
      members += rules.map { UInt32($0) }
    } else {
      group.isMapped = true
      group.start = UInt32(ports.count)
      for interval in PortIntervals.map(rules, in: list) {
        ports.append(interval.first)
        offsets.append(UInt32(members.count))
        members += interval.rules
      }
      group.count = UInt32(ports.count) - group.start
      // The last interval ends where what follows begins.
      ports.append(.max)
      offsets.append(UInt32(members.count))
    }
    groups.append(group)
    return Place(rawValue: UInt32(groups.count - 1) | Place.groupBit)
  }

  /// To be called when all groups are there.
  mutating func finish() {
    groups = Array(groups[...])
    members = Array(members[...])
    ports = Array(ports[...])
    offsets = Array(offsets[...])
  }

  /// The first rule of a host.
  func first(at place: Place) -> Int {
    place.group.map { Int(groups.span[$0].first) } ?? Int(place.rawValue)
  }

  /// Rules of one host, to be asked for in order.
  struct Walk {
    /// The host's first rule, whatever its ports.
    let first: Int
    /// All rules that come admit the port; of those with the same methods only the first comes, and
    /// none behind one that admits any method.
    let isForPort: Bool
    /// Places among the members; nil: only `first`.
    fileprivate var rest: Range<Int>?
    fileprivate var isDone = false
  }

  func rules(at place: Place, for port: UInt16) -> Walk {
    guard let number = place.group else {
      return Walk(first: Int(place.rawValue), isForPort: false)
    }
    let group = groups.span[number]
    let start = Int(group.start)
    guard group.isMapped else {
      return Walk(
        first: Int(group.first), isForPort: false, rest: start..<start + Int(group.count))
    }
    // The last interval that begins at the port or before it; the first one begins at 0.
    let ports = self.ports.span
    var (low, high) = (start, start + Int(group.count))
    while high - low > 1 {
      let middle = (low + high) / 2
      if ports[middle] <= port { low = middle } else { high = middle }
    }
    return Walk(
      first: Int(group.first), isForPort: true,
      rest: Int(offsets.span[low])..<Int(offsets.span[low + 1]))
  }

  func next(_ walk: inout Walk) -> Int? {
    guard let rest = walk.rest else {
      defer { walk.isDone = true }
      return walk.isDone ? nil : walk.first
    }
    guard let index = rest.first else { return nil }
    walk.rest = rest.dropFirst()
    return Int(members.span[index])
  }
}
