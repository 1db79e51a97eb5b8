internal import Addressing
internal import Policy

/// Finds the suffixes that may stand for the names below them.
struct SuffixGrouping {
  /// A suffix of more labels is none that a person would write.
  private static let maximumLabels = 10

  /// How many of the names must be below a suffix.
  let minimumSiblings: Int
  private var known: [Substring: Bool] = [:]

  init(minimumSiblings: Int) { self.minimumSiblings = minimumSiblings }

  /// Puts names under suffixes, the longest that has enough of them; names that are left are in no
  /// group. A suffix below another one is not needed beside it.
  mutating func groups(of names: [String]) -> [Substring: [String]] {
    var below: [Substring: [String]] = [:]
    for name in names {
      for suffix in suffixes(of: name) { below[suffix, default: []].append(name) }
    }
    let candidates = below.filter { $0.value.count >= minimumSiblings }.keys.sorted {
      ($0.labelCount, $1) > ($1.labelCount, $0)
    }
    var taken: Set<String> = []
    var groups: [Substring: [String]] = [:]
    for suffix in candidates {
      let free = (below[suffix] ?? []).filter { !taken.contains($0) }
      guard free.count >= minimumSiblings else { continue }
      taken.formUnion(free)
      groups[suffix] = free
    }
    return merged(groups)
  }

  private func merged(_ groups: [Substring: [String]]) -> [Substring: [String]] {
    var result: [Substring: [String]] = [:]
    for (suffix, names) in groups {
      let widest = suffix.ancestors.last { groups[$0] != nil } ?? suffix
      result[widest, default: []] += names
    }
    return result
  }

  /// The suffixes that may stand for `name`, the longest first: those below which, as far as anyone
  /// has listed them, all names are of one owner.
  mutating func suffixes(of name: String) -> [Substring] {
    var suffixes: [Substring] = []
    for suffix in Substring(name).ancestors where suffix.labelCount <= Self.maximumLabels {
      guard isOneOwners(suffix) else { break }
      suffixes.append(suffix)
    }
    return suffixes
  }

  private mutating func isOneOwners(_ suffix: Substring) -> Bool {
    if let known = known[suffix] { return known }
    let name = try? HostName(String(suffix))
    let answer = name.map { !PublicSuffix.dividesOwners(below: $0) } ?? false
    known[suffix] = answer
    return answer
  }
}

extension Substring {
  var labelCount: Int { utf8.count { $0 == UInt8(ascii: ".") } + 1 }

  /// The names above this one, the nearest first.
  var ancestors: [Substring] {
    var ancestors: [Substring] = []
    var rest = self
    while let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")) {
      rest = rest[rest.index(after: dot)...]
      ancestors.append(rest)
    }
    return ancestors
  }
}
