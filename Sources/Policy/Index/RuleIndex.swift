internal import Addressing

/// The rules of one allowlist, arranged so that finding the first that matches a flow takes no
/// longer where there are more of them: names by hash, blocks by prefix, and the ports of a host
/// with many rules by interval.
final class RuleIndex: Sendable {
  let list: RuleList
  /// The first rule about addresses.
  let firstAddressRule: Int?
  /// Exact names and suffixes.
  private let names: NameTable
  /// The rules of `*`.
  private let anyName: RuleGroups.Place?
  private let blocksV4: PrefixTree<UInt32>
  private let blocksV6: PrefixTree<UInt128>
  private let groups: RuleGroups
  /// For each port the first rule about names that admits it.
  private let firstNameRules: PortMap

  init(_ list: RuleList) {
    self.list = list
    var chains = RuleChains(count: list.count)
    var names = NameTable(capacity: list.count)
    var blocksV4 = PrefixTree<UInt32>()
    var blocksV6 = PrefixTree<UInt128>()
    var anyName: UInt32?
    var firstAddressRule: Int?
    for index in list.entries.indices {
      let rule = UInt32(index)
      switch list.entries[index].host {
      case .exact, .below: chains.append(rule, to: names.insert(rule, of: list))
      case .anyName:
        if anyName == nil { anyName = rule }
        chains.append(rule, to: anyName ?? rule)
      case .blockV4(let base, let length):
        chains.append(rule, to: blocksV4.insert(base, Int(length), payload: rule))
        firstAddressRule = firstAddressRule ?? index
      case .blockV6(let place, let length):
        chains.append(
          rule, to: blocksV6.insert(list.basesV6[Int(place)], Int(length), payload: rule))
        firstAddressRule = firstAddressRule ?? index
      }
    }
    self.firstAddressRule = firstAddressRule
    var groups = RuleGroups()
    names.replacePayloads { groups.place(of: chains.rules(from: $0), in: list) }
    blocksV4.replacePayloads { groups.place(of: chains.rules(from: $0), in: list) }
    blocksV6.replacePayloads { groups.place(of: chains.rules(from: $0), in: list) }
    self.anyName = anyName.map { groups.place(of: chains.rules(from: $0), in: list) }
    groups.finish()
    self.names = names
    self.blocksV4 = blocksV4
    self.blocksV6 = blocksV6
    self.groups = groups
    firstNameRules = PortMap(firstOf: list.entries.indices.filter { list.isAboutNames($0) }, list)
  }
}

/// What a search found: of each kind the first.
struct RuleSearch {
  /// Host, port and method match.
  fileprivate(set) var match: Int?
  /// Host and port match. Where there is no match this is the nearest miss.
  fileprivate(set) var portMatch: Int?
  /// The host matches. Where neither of the others is set this is the nearest miss.
  fileprivate(set) var hostMatch: Int?

  /// The rule that came closest to matching, where none did.
  var nearestMiss: NearestMiss? {
    if let portMatch { return NearestMiss(ruleIndex: portMatch, missed: .method) }
    return hostMatch.map { NearestMiss(ruleIndex: $0, missed: .port) }
  }

  /// Rules behind this one can't change what was found.
  fileprivate var end: Int { match ?? .max }

  fileprivate mutating func foundHost(_ rule: Int) { hostMatch = min(hostMatch ?? rule, rule) }
  fileprivate mutating func foundPort(_ rule: Int) { portMatch = min(portMatch ?? rule, rule) }
  fileprivate mutating func foundMatch(_ rule: Int) { match = min(match ?? rule, rule) }
}

extension RuleIndex {
  /// Finds the first rule that matches a flow.
  func search(_ flow: borrowing Flow, forbidden: ForbiddenAddress?) -> RuleSearch {
    var result = RuleSearch()
    let endpoint = flow.destination.endpoint
    // No name leads to a forbidden address.
    if forbidden == nil, let name = flow.name {
      search(name.bytes, endpoint.port, flow.content, &result)
    }
    search(endpoint, flow.content, forbidden, &result)
    return result
  }

  /// The same for a name that has no address yet: no block matches it.
  func search(name: HostName, port: UInt16, content: Flow.Content) -> RuleSearch {
    var result = RuleSearch()
    search(name.bytes, port, content, &result)
    return result
  }

  private func search(
    _ name: Span<UInt8>, _ port: UInt16, _ content: Flow.Content, _ result: inout RuleSearch
  ) {
    var walk = NameTable.Walk(name)
    while let place = names.next(&walk, in: name, of: list, groups) {
      consider(place, port, content, &result)
    }
    if let anyName { consider(anyName, port, content, &result) }
  }

  private func search(
    _ endpoint: Endpoint, _ content: Flow.Content, _ forbidden: ForbiddenAddress?,
    _ result: inout RuleSearch
  ) {
    let shortest = forbidden?.block.prefixLength ?? 0
    switch endpoint.address {
    case .v4(let address):
      var walk = PrefixTree<UInt32>.Walk(address.rawValue, shortest: shortest)
      while let place = blocksV4.next(&walk) {
        consider(RuleGroups.Place(rawValue: place), endpoint.port, content, &result)
      }
    case .v6(let address):
      var walk = PrefixTree<UInt128>.Walk(address.rawValue, shortest: shortest)
      while let place = blocksV6.next(&walk) {
        consider(RuleGroups.Place(rawValue: place), endpoint.port, content, &result)
      }
    }
  }

  /// Tries the rules of one host.
  private func consider(
    _ place: RuleGroups.Place, _ port: UInt16, _ content: Flow.Content, _ result: inout RuleSearch
  ) {
    var walk = groups.rules(at: place, for: port)
    result.foundHost(walk.first)
    while let rule = groups.next(&walk), rule < result.end {
      guard walk.isForPort || list.admits(rule, port: port) else { continue }
      result.foundPort(rule)
      if list.admits(rule, content) { return result.foundMatch(rule) }
    }
  }

  /// The first rule that could still match a connection to `endpoint`, where it is one that needs
  /// no byte of it: an address rule with ports, without methods, to which encrypted hellos are no
  /// different.
  func ruleBeforeBytes(to endpoint: Endpoint) -> Int? {
    let forbidden = ForbiddenAddress(endpoint.address)
    var first = Int.max
    let shortest = forbidden?.block.prefixLength ?? 0
    switch endpoint.address {
    case .v4(let address):
      var walk = PrefixTree<UInt32>.Walk(address.rawValue, shortest: shortest)
      while let place = blocksV4.next(&walk) {
        first = min(first, firstRule(at: RuleGroups.Place(rawValue: place), for: endpoint.port))
      }
    case .v6(let address):
      var walk = PrefixTree<UInt128>.Walk(address.rawValue, shortest: shortest)
      while let place = blocksV6.next(&walk) {
        first = min(first, firstRule(at: RuleGroups.Place(rawValue: place), for: endpoint.port))
      }
    }
    guard first < .max, list.needsNoByte(first) else { return nil }
    // Whether a rule about names matches depends on bytes not yet seen, unless no name may lead
    // there.
    if forbidden == nil, let name = firstNameRules[endpoint.port], name < first { return nil }
    return first
  }

  /// The first rule of a host that admits the port; `Int.max` where none does.
  private func firstRule(at place: RuleGroups.Place, for port: UInt16) -> Int {
    var walk = groups.rules(at: place, for: port)
    while let rule = groups.next(&walk) {
      if walk.isForPort || list.admits(rule, port: port) { return rule }
    }
    return .max
  }
}

extension RuleList {
  func admits(_ rule: Int, port: UInt16) -> Bool {
    entries.span[rule].admits(port: port, in: ports)
  }

  /// No rule admits CONNECT as a request: what its tunnel would carry can't be judged. A tunnel of
  /// the proxy's own is judged again, so any rule does.
  func admits(_ rule: Int, _ content: Flow.Content) -> Bool {
    if case .tunnel = content { return true }
    let method = content.method
    if method?.isConnect == true { return false }
    let set = entries.span[rule].methodSet
    if set == 0 { return true }
    guard let method else { return false }
    let methods = self.methods.span
    for index in methodSets.span[Int(set)].range where methods[index] == method { return true }
    return false
  }

  fileprivate func needsNoByte(_ rule: Int) -> Bool {
    let entries = self.entries.span
    return entries[rule].hasPorts && entries[rule].methodSet == 0
      && entries[rule].allowsEncryptedClientHello != false
  }

  fileprivate func isAboutNames(_ rule: Int) -> Bool {
    switch entries[rule].host {
    case .exact, .below, .anyName: true
    case .blockV4, .blockV6: false
    }
  }
}

/// Which rules have the same host, while an index is made.
struct RuleChains {
  private static let none = UInt32.max
  private var next: [UInt32]
  /// Of the first rule of a chain the last.
  private var last: [UInt32]

  init(count: Int) {
    next = Array(repeating: Self.none, count: count)
    last = Array(repeating: Self.none, count: count)
  }

  /// - Parameter first: the first rule with the same host, which may be `rule` itself.
  mutating func append(_ rule: UInt32, to first: UInt32) {
    if rule != first { next[Int(last[Int(first)])] = rule }
    last[Int(first)] = rule
  }

  func rules(from first: UInt32) -> [Int] {
    var rules = [Int(first)]
    var rule = next[Int(first)]
    while rule != Self.none {
      rules.append(Int(rule))
      rule = next[Int(rule)]
    }
    return rules
  }
}
