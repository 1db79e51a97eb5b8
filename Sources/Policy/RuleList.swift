internal import Addressing

/// The rules of one allowlist in order, in little memory: plain values in a few flat arrays, and a
/// `Rule` made of them for people.
///
/// The document and the `Ruleset` made of it share the arrays.
package struct RuleList: Sendable {
  /// Part of one of the arrays.
  struct Slice: Sendable {
    var start: UInt32
    var count: UInt32

    var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
  }

  private(set) var entries: [Entry] = []
  /// Where the names are in `texts`.
  private var names: [Slice] = []
  /// How the document spells patterns that are not their rules' names, ascending by rule.
  private var patterns: [(rule: UInt32, text: Slice)] = []
  private(set) var ports: [ClosedRange<UInt16>] = []
  /// The first is empty and admits any.
  private(set) var methodSets: [Slice] = [Slice(start: 0, count: 0)]
  private(set) var methods: [HTTPMethod] = []
  private(set) var limits: [RateLimit] = []
  /// Names, patterns, and host names as they are compared; the latter are often part of the former.
  private(set) var texts: [UInt8] = []
  private(set) var basesV6: [UInt128] = []
  /// Where a list of methods was stored: most rules have one of a few.
  private var knownMethodSets: [[HTTPMethod]: UInt32] = [[]: 0]

  package init() {}

  package init(_ rules: some Sequence<Rule>) {
    for rule in rules { append(rule) }
  }

  package mutating func append(_ rule: Rule) {
    var text = append(rule.name.utf8)
    names.append(text)
    if rule.pattern != rule.name {
      text = append(rule.pattern.utf8)
      patterns.append((UInt32(entries.count), text))
    }
    var entry = Entry(host: store(rule.matcher, spelled: text))
    entry.store(rule.ports, in: &ports)
    entry.methodSet = store(rule.allowedMethods)
    if let limit = rule.rateLimit {
      entry.limit = UInt32(limits.count)
      limits.append(limit)
    }
    entry.addsIdentityHeaders = rule.identityHeaders
    entry.enforcementMode = rule.enforcementMode
    entry.allowsEncryptedClientHello = rule.allowsEncryptedClientHello
    entries.append(entry)
  }

  /// Gives back what was set aside for more rules.
  package mutating func shrink() {
    self = RuleList(exactly: self)
  }

  private init(exactly other: RuleList) {
    entries = Array(other.entries[...])
    names = Array(other.names[...])
    patterns = Array(other.patterns[...])
    ports = Array(other.ports[...])
    methodSets = Array(other.methodSets[...])
    methods = Array(other.methods[...])
    limits = Array(other.limits[...])
    texts = Array(other.texts[...])
    basesV6 = Array(other.basesV6[...])
    knownMethodSets = other.knownMethodSets
  }

  private mutating func store(_ matcher: HostMatcher, spelled text: Slice) -> Entry.Host {
    switch matcher {
    case .exact(let name): return .exact(store(name, spelled: text), UInt8(name.bytes.count))
    case .below(let name): return .below(store(name, spelled: text), UInt8(name.bytes.count))
    case .anyName: return .anyName
    case .block(let block):
      let length = UInt8(block.prefixLength)
      switch block.base {
      case .v4(let base): return .blockV4(base.rawValue, length)
      case .v6(let base):
        basesV6.append(base.rawValue)
        return .blockV6(UInt32(basesV6.count - 1), length)
      }
    }
  }

  /// Where the name's bytes are: at the end of the pattern, unless that is spelled in another way.
  private mutating func store(_ name: HostName, spelled text: Slice) -> UInt32 {
    let bytes = name.bytes
    if text.count >= bytes.count {
      let start = text.range.upperBound - bytes.count
      if bytes.indices.allSatisfy({ texts[start + $0] == bytes[$0] }) { return UInt32(start) }
    }
    let first = texts.count
    for index in bytes.indices { texts.append(bytes[index]) }
    return UInt32(first)
  }

  private mutating func append(_ text: String.UTF8View) -> Slice {
    let first = texts.count
    texts += text
    return Slice(start: UInt32(first), count: UInt32(texts.count - first))
  }

  private mutating func store(_ list: [HTTPMethod]) -> UInt32 {
    if let known = knownMethodSets[list] { return known }
    let place = UInt32(methodSets.count)
    methodSets.append(Slice(start: UInt32(methods.count), count: UInt32(list.count)))
    methods += list
    knownMethodSets[list] = place
    return place
  }
}

extension RuleList: RandomAccessCollection {
  package var startIndex: Int { 0 }
  package var endIndex: Int { entries.count }

  package subscript(index: Int) -> Rule {
    let entry = entries[index]
    let name = name(of: index)
    let pattern = ownPattern(of: index)
    return Rule(
      name: name, pattern: pattern.map { text($0) } ?? name, matcher: matcher(entry.host),
      ports: entry.ports(in: ports),
      allowedMethods: Array(methods[methodSets[Int(entry.methodSet)].range]),
      identityHeaders: entry.addsIdentityHeaders, enforcementMode: entry.enforcementMode,
      rateLimit: entry.limit == Entry.none ? nil : limits[Int(entry.limit)],
      allowsEncryptedClientHello: entry.allowsEncryptedClientHello)
  }

  /// The rule's pattern, where that is not its name.
  private func ownPattern(of rule: Int) -> Slice? {
    var (low, high) = (0, patterns.count)
    while low < high {
      let middle = (low + high) / 2
      if patterns[middle].rule < rule { low = middle + 1 } else { high = middle }
    }
    return low < patterns.count && patterns[low].rule == rule ? patterns[low].text : nil
  }

  func name(of rule: Int) -> String { text(names[rule]) }

  private func text(_ slice: Slice) -> String {
    String(decoding: texts[slice.range], as: UTF8.self)
  }

  private func matcher(_ host: Entry.Host) -> HostMatcher {
    switch host {
    case .exact(let start, let length): .exact(hostName(start, length))
    case .below(let start, let length): .below(hostName(start, length))
    case .anyName: .anyName
    case .blockV4(let base, let length): .block(block(.v4(IPv4Address(rawValue: base)), length))
    case .blockV6(let place, let length):
      .block(block(.v6(IPv6Address(rawValue: basesV6[Int(place)])), length))
    }
  }

  private func hostName(_ start: UInt32, _ length: UInt8) -> HostName {
    let bytes = texts.span.extracting(Int(start)..<Int(start) + Int(length))
    guard let name = try? HostName(flowBytes: bytes) else {
      preconditionFailure("a stored name is one no longer")
    }
    return name
  }

  private func block(_ base: IPAddress, _ length: UInt8) -> CIDR {
    guard let block = CIDR(base: base, prefixLength: Int(length)) else {
      preconditionFailure("a stored block is one no longer")
    }
    return block
  }
}
