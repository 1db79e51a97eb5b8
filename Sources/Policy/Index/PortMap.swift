/// Which rules admit a port, interval by interval.
enum PortIntervals {
  struct Interval {
    /// The interval ends before the first port of the next one.
    var first: UInt16
    var rules: [UInt32]
  }

  /// The intervals of all ports, ascending. An interval's rules are in order, without those that
  /// can't be the first to match: of rules with the same methods only the first is there, and none
  /// behind one that admits any method.
  static func map(_ rules: [Int], in list: RuleList) -> [Interval] {
    let starts = starts(of: rules, in: list)
    var intervals = starts.map { Interval(first: UInt16($0), rules: []) }
    var isClosed = Array(repeating: false, count: starts.count)
    var free: [UInt32: FreeIntervals] = [:]
    for rule in rules {
      let methods = list.entries[rule].methodSet
      for range in list.ranges(of: rule, over: starts) {
        free[methods, default: FreeIntervals(starts.count)].take(range) { index in
          guard !isClosed[index] else { return }
          intervals[index].rules.append(UInt32(rule))
          isClosed[index] = methods == 0
        }
      }
    }
    return intervals
  }

  /// Where intervals begin if none is to be cut by a rule's ports.
  fileprivate static func starts(of rules: [Int], in list: RuleList) -> [Int] {
    var starts = [0]
    for rule in rules {
      for range in list.entries[rule].ports(in: list.ports) {
        starts.append(Int(range.lowerBound))
        if range.upperBound < .max { starts.append(Int(range.upperBound) + 1) }
      }
    }
    starts.sort()
    var count = 1
    for start in starts where start != starts[count - 1] {
      starts[count] = start
      count += 1
    }
    return Array(starts[..<count])
  }
}

/// For each port one rule at most.
struct PortMap: Sendable {
  private static let none = UInt32.max
  private var starts: [UInt16] = []
  private var rules: [UInt32] = []

  /// Of these rules, ascending, the first that admits the port.
  init(firstOf candidates: [Int], _ list: RuleList) {
    guard !candidates.isEmpty else { return }
    let starts = PortIntervals.starts(of: candidates, in: list)
    var found = Array(repeating: Self.none, count: starts.count)
    var free = FreeIntervals(starts.count)
    for rule in candidates where free.hasAny {
      for range in list.ranges(of: rule, over: starts) {
        free.take(range) { found[$0] = UInt32(rule) }
      }
    }
    // Neighbours with the same rule are one interval.
    for (start, rule) in zip(starts, found) where rules.last != rule {
      self.starts.append(UInt16(start))
      rules.append(rule)
    }
    self.starts = Array(self.starts[...])
    rules = Array(rules[...])
  }

  subscript(port: UInt16) -> Int? {
    guard !starts.isEmpty else { return nil }
    let starts = self.starts.span
    var (low, high) = (0, starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= port { low = middle } else { high = middle }
    }
    let rule = rules.span[low]
    return rule == Self.none ? nil : Int(rule)
  }
}

/// Intervals of which each is taken once. Those that are taken are passed over without being looked
/// at one by one.
private struct FreeIntervals {
  /// For each interval one that is not behind the next free one; the last stands for the end.
  private var next: [Int]
  private var freeCount: Int

  init(_ count: Int) {
    next = Array(0...count)
    freeCount = count
  }

  var hasAny: Bool { freeCount > 0 }

  mutating func take(_ range: Range<Int>, _ body: (Int) -> Void) {
    var index = free(from: range.lowerBound)
    while index < range.upperBound {
      body(index)
      next[index] = index + 1
      freeCount -= 1
      index = free(from: index)
    }
  }

  private mutating func free(from start: Int) -> Int {
    var index = start
    while next[index] != index {
      next[index] = next[next[index]]
      index = next[index]
    }
    return index
  }
}

extension RuleList {
  /// The intervals that a rule's ports cover.
  fileprivate func ranges(of rule: Int, over starts: [Int]) -> [Range<Int>] {
    guard entries[rule].hasPorts else { return [0..<starts.count] }
    return entries[rule].ports(in: ports).map { range in
      starts.place(of: Int(range.lowerBound))..<starts.place(of: Int(range.upperBound) + 1)
    }
  }
}

extension [Int] {
  /// How many are less than `value`.
  fileprivate func place(of value: Int) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
