internal import Addressing

/// The rules that cover the flows of a log, in the order in which they are to stand.
struct SuggestedAllowlist {
  struct Entry {
    enum Host: Hashable {
      case exact(String)
      case below(String)
      case address(IPAddress)
    }

    let host: Host
    /// Ascending.
    var ports: [UInt16]
    /// Sorted; empty admits any.
    let methods: [String]
    var evidence: Evidence
    /// The names that were seen, sorted.
    var hosts: [String]
    /// Methods that were seen though the rule admits any.
    var methodsSeen: Set<String>
  }

  /// What a rule admits of its host; each port has a set of methods of its own.
  private struct Grant: Hashable {
    var port: UInt16
    /// Sorted; empty is any.
    var methods: [String]

    var width: Int { methods.isEmpty ? .max : methods.count }

    /// Whether all that `other` admits is admitted.
    func covers(_ other: Grant) -> Bool {
      port == other.port
        && (methods.isEmpty
          || !other.methods.isEmpty && Set(methods).isSuperset(of: other.methods))
    }
  }

  /// The grants of one suffix, to be found by their port: a log may show a scan of all of them.
  private struct GrantsByPort {
    /// Of more sets of methods than a person would write the widest alone are compared; a name that
    /// none of those covers keeps a rule of its own.
    private static let compared = 32

    private let byPort: [UInt16: [Grant]]

    init(_ grants: some Sequence<Grant>) {
      byPort = Dictionary(grouping: grants, by: \.port).mapValues {
        Array($0.sorted { $0.width > $1.width }.prefix(Self.compared))
      }
    }

    /// Another grant that covers this one.
    func wider(than grant: Grant) -> Grant? {
      byPort[grant.port]?.first { $0 != grant && $0.covers(grant) }
    }
  }

  /// One host, or suffix, and one port.
  private struct Seen {
    var evidence = Evidence.none
    var hosts: [String] = []
    var methodsSeen: Set<String> = []

    mutating func merge(_ other: Seen) {
      evidence.merge(other.evidence)
      hosts += other.hosts
      methodsSeen.formUnion(other.methodsSeen)
    }
  }

  let entries: [Entry]

  init(_ suggest: Suggest, minimumSiblings: Int) {
    var exact: [String: [Grant: Seen]] = [:]
    var addresses: [IPAddress: [Grant: Seen]] = [:]
    for (host, port, grant, seen) in Self.grants(suggest) {
      switch host {
      case .name(let number):
        let name = suggest.texts.text(number)
        exact[name, default: [:]][Grant(port: port, methods: grant)] = Seen(
          evidence: seen.evidence, hosts: [name], methodsSeen: seen.methodsSeen)
      case .address(let address):
        addresses[address, default: [:]][Grant(port: port, methods: grant)] = seen
      }
    }
    var grouping = SuffixGrouping(minimumSiblings: minimumSiblings)
    let groups = Self.group(&exact, &grouping)
    let rules =
      exact.flatMap { Self.entries(.exact($0.key), $0.value) }
      + groups.flatMap { Self.entries(.below(String($0.key)), $0.value) }
      + addresses.flatMap { Self.entries(.address($0.key), $0.value) }
    entries = rules.map { (rule: $0, place: $0.place) }.sorted { $0.place < $1.place }.map(\.rule)
  }

  /// What each host and port needs: a set of methods, or any where one was hidden.
  private static func grants(
    _ suggest: Suggest
  ) -> [(host: HostID, port: UInt16, methods: [String], seen: Seen)] {
    struct Place: Hashable {
      var host: HostID
      var port: UInt16
    }
    struct Sum {
      var evidence = Evidence.none
      var methods: Set<UInt32> = []
      var isHidden = false
    }
    var sums: [Place: Sum] = [:]
    for (key, evidence) in suggest.flows {
      let place = Place(host: key.host, port: key.port)
      sums[place, default: Sum()].evidence.merge(evidence)
      switch key.content {
      case .http(let method): sums[place, default: Sum()].methods.insert(method)
      case .hidden: sums[place, default: Sum()].isHidden = true
      case .tunnel: break
      }
    }
    return sums.map { place, sum in
      let methods = sum.methods.map(suggest.texts.text)
      return (
        place.host, place.port, sum.isHidden ? [] : methods.sorted(),
        Seen(evidence: sum.evidence, methodsSeen: Set(methods))
      )
    }
  }

  /// Takes the names out that a suffix stands for.
  private static func group(
    _ exact: inout [String: [Grant: Seen]], _ grouping: inout SuffixGrouping
  ) -> [Substring: [Grant: Seen]] {
    var names: [Grant: [String]] = [:]
    for (name, grants) in exact {
      for grant in grants.keys { names[grant, default: []].append(name) }
    }
    var groups: [Substring: [Grant: Seen]] = [:]
    for (grant, names) in names {
      for (suffix, _) in grouping.groups(of: names.sorted()) {
        groups[suffix, default: [:]][grant] = Seen()
      }
    }
    groups = widest(groups)
    let known = groups.mapValues { GrantsByPort($0.keys) }
    // Every name that a group admits is its evidence, whichever group it made.
    for (name, grants) in exact {
      let suffixes = Substring(name).ancestors.filter { groups[$0] != nil }
      for (grant, seen) in grants {
        for suffix in suffixes {
          let isGroup = groups[suffix]?[grant] != nil
          guard let wider = isGroup ? grant : known[suffix]?.wider(than: grant) else { continue }
          groups[suffix]?[wider]?.merge(seen)
          exact[name]?[grant] = nil
          break
        }
      }
    }
    return groups
  }

  /// The groups that no other one makes needless.
  private static func widest(
    _ groups: [Substring: [Grant: Seen]]
  ) -> [Substring: [Grant: Seen]] {
    var result: [Substring: [Grant: Seen]] = [:]
    let known = groups.mapValues { GrantsByPort($0.keys) }
    for (suffix, grants) in groups {
      let above = suffix.ancestors.filter { groups[$0] != nil }
      for (grant, seen) in grants {
        let isNeedless =
          above.contains {
            groups[$0]?[grant] != nil || known[$0]?.wider(than: grant) != nil
          } || known[suffix]?.wider(than: grant) != nil
        if !isNeedless { result[suffix, default: [:]][grant] = seen }
      }
    }
    return result
  }

  /// One rule for all ports with the same methods.
  private static func entries(_ host: Entry.Host, _ grants: [Grant: Seen]) -> [Entry] {
    Dictionary(grouping: grants, by: \.key.methods).map { methods, grants in
      var seen = Seen()
      for (_, other) in grants { seen.merge(other) }
      return Entry(
        host: host, ports: grants.map(\.key.port).sorted(), methods: methods,
        evidence: seen.evidence, hosts: Set(seen.hosts).sorted(), methodsSeen: seen.methodsSeen)
    }
  }
}

extension SuggestedAllowlist.Entry {
  /// Names before suffixes before addresses: an address rule decides before any byte is read, unless
  /// a name rule of that port stands before it. Neighbours in the tree of names stand together.
  fileprivate var place: String {
    let rank: String
    let text: String
    switch host {
    case .exact(let name): (rank, text) = ("0", name.reversedLabels)
    case .below(let suffix): (rank, text) = ("1", suffix.reversedLabels)
    case .address(.v4(let address)):
      (rank, text) = ("2", String(0x1_0000_0000 + UInt64(address.rawValue)))
    case .address(.v6(let address)):
      (rank, text) = ("3", String(address.rawValue, radix: 16).padded(to: 32))
    }
    return "\(rank) \(text) \(ports.first.map { String(Int($0) + 100_000) } ?? "")"
      + methods.joined(separator: ",")
  }
}

extension String {
  fileprivate var reversedLabels: String {
    split(separator: ".").reversed().joined(separator: ".")
  }

  fileprivate func padded(to count: Int) -> String {
    String(repeating: "0", count: max(0, count - utf8.count)) + self
  }
}
