internal import Addressing

/// The rules of one allowlist in order, in little memory: plain values in a few flat arrays, and a
/// `Rule` made of them for people.
///
/// The document and the `Ruleset` made of it share the arrays.
package struct RuleList: Sendable {
  /// One rule. What has no fixed size stands in the arrays below.
  struct Entry: Sendable {
    var host: Host
    /// Empty admits any port.
    var ports: Slice
    /// Place in `methodSets`; the first is empty and admits any.
    var methodSet: UInt32 = 0
    /// How the document spells the pattern; empty where that is the rule's name.
    var pattern: Slice
    /// Place in `limits`.
    var limit: UInt32?
    var identityHeaders: Bool
    var enforcementMode: EnforcementMode?
    var allowsEncryptedClientHello: Bool?
  }

  /// Part of one of the arrays.
  struct Slice: Sendable {
    var start: UInt32
    var count: UInt32

    static let empty = Slice(start: 0, count: 0)
    var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
    var isEmpty: Bool { count == 0 }
  }

  enum Host: Sendable {
    /// Place of the name in `texts`, and its length.
    case exact(UInt32, UInt8)
    /// The same of a suffix, without a dot before it.
    case below(UInt32, UInt8)
    case anyName
    case blockV4(UInt32, UInt8)
    /// Place of the base in `basesV6`, and the prefix length.
    case blockV6(UInt32, UInt8)
  }

  private(set) var entries: [Entry] = []
  private(set) var names: [String] = []
  private(set) var ports: [ClosedRange<UInt16>] = []
  private(set) var methodSets: [Slice] = [.empty]
  private(set) var methods: [HTTPMethod] = []
  private(set) var limits: [RateLimit] = []
  /// Host names as they are compared, and patterns.
  private(set) var texts: [UInt8] = []
  private(set) var basesV6: [UInt128] = []
  /// Where a list of methods was stored: most rules have one of a few.
  private var knownMethodSets: [[HTTPMethod]: UInt32] = [[]: 0]

  package init() {}

  package init(_ rules: some Sequence<Rule>) {
    for rule in rules { append(rule) }
  }

  package mutating func append(_ rule: Rule) {
    let pattern = rule.pattern == rule.name ? Slice.empty : append(rule.pattern.utf8)
    let firstPort = ports.count
    ports += rule.ports
    var limit: UInt32?
    if let rateLimit = rule.rateLimit {
      limit = UInt32(limits.count)
      limits.append(rateLimit)
    }
    entries.append(
      Entry(
        host: store(rule.matcher),
        ports: Slice(start: UInt32(firstPort), count: UInt32(rule.ports.count)),
        methodSet: store(rule.allowedMethods), pattern: pattern, limit: limit,
        identityHeaders: rule.identityHeaders, enforcementMode: rule.enforcementMode,
        allowsEncryptedClientHello: rule.allowsEncryptedClientHello))
    names.append(rule.name)
  }

  /// Gives back what was set aside for more rules.
  package mutating func shrink() {
    self = RuleList(exactly: self)
  }

  private init(exactly other: RuleList) {
    entries = Array(other.entries[...])
    names = Array(other.names[...])
    ports = Array(other.ports[...])
    methodSets = Array(other.methodSets[...])
    methods = Array(other.methods[...])
    limits = Array(other.limits[...])
    texts = Array(other.texts[...])
    basesV6 = Array(other.basesV6[...])
    knownMethodSets = other.knownMethodSets
  }

  private mutating func store(_ matcher: HostMatcher) -> Host {
    switch matcher {
    case .exact(let name): return .exact(append(name), UInt8(name.bytes.count))
    case .below(let suffix): return .below(append(suffix), UInt8(suffix.bytes.count))
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

  private mutating func append(_ name: HostName) -> UInt32 {
    let first = texts.count
    let bytes = name.bytes
    for index in 0..<bytes.count { texts.append(bytes[index]) }
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
    let name = names[index]
    let pattern =
      entry.pattern.isEmpty
      ? name : String(decoding: texts[entry.pattern.range], as: UTF8.self)
    return Rule(
      name: name, pattern: pattern, matcher: matcher(entry.host),
      ports: Array(ports[entry.ports.range]),
      allowedMethods: Array(methods[methodSets[Int(entry.methodSet)].range]),
      identityHeaders: entry.identityHeaders, enforcementMode: entry.enforcementMode,
      rateLimit: entry.limit.map { limits[Int($0)] },
      allowsEncryptedClientHello: entry.allowsEncryptedClientHello)
  }

  private func matcher(_ host: Host) -> HostMatcher {
    switch host {
    case .exact(let start, let length): .exact(hostName(start, length))
    case .below(let start, let length): .below(hostName(start, length))
    case .anyName: .anyName
    case .blockV4, .blockV6: .block(block(host))
    }
  }

  private func hostName(_ start: UInt32, _ length: UInt8) -> HostName {
    let bytes = texts.span.extracting(Int(start)..<Int(start) + Int(length))
    guard let name = try? HostName(flowBytes: bytes) else {
      preconditionFailure("a stored name is one no longer")
    }
    return name
  }

  /// The block of an address rule.
  func block(_ host: Host) -> CIDR {
    let block: CIDR? =
      switch host {
      case .blockV4(let base, let length):
        CIDR(base: .v4(IPv4Address(rawValue: base)), prefixLength: Int(length))
      case .blockV6(let place, let length):
        CIDR(
          base: .v6(IPv6Address(rawValue: basesV6[Int(place)])), prefixLength: Int(length))
      case .exact, .below, .anyName: nil
      }
    guard let block else { preconditionFailure("a stored block is one no longer") }
    return block
  }
}
