internal import Addressing

/// The rules in the form that is searched: plain values in a few flat arrays, so that judging a
/// flow follows no reference but the arrays' own.
struct CompiledRules: Sendable {
  /// What one rule asks of a flow. Ranges are indices into the arrays below.
  struct Entry: Sendable {
    var host: Host
    /// Empty admits any port.
    var ports: Range<Int>
    /// Empty admits any method.
    var methods: Range<Int>
    var identityHeaders: Bool
  }

  enum Host: Sendable {
    case exact(Range<Int>)
    /// The suffix with the dot before it: `.example.com`.
    case below(Range<Int>)
    case anyName
    case block(CIDR)
  }

  /// One for each rule, in the same order.
  private var entries: [Entry] = []
  private var ports: [ClosedRange<UInt16>] = []
  private var methods: [HTTPMethod] = []
  private var nameBytes: [UInt8] = []

  init(_ rules: [Rule]) {
    entries.reserveCapacity(rules.count)
    for rule in rules {
      let firstPort = ports.count
      ports += rule.ports
      let firstMethod = methods.count
      methods += rule.allowedMethods
      entries.append(
        Entry(
          host: compile(rule.matcher), ports: firstPort..<ports.count,
          methods: firstMethod..<methods.count, identityHeaders: rule.identityHeaders))
    }
  }

  private mutating func compile(_ matcher: HostMatcher) -> Host {
    switch matcher {
    case .exact(let name): return .exact(append(name))
    case .below(let suffix):
      nameBytes.append(UInt8(ascii: "."))
      let range = append(suffix)
      return .below(range.lowerBound - 1..<range.upperBound)
    case .anyName: return .anyName
    case .block(let block): return .block(block)
    }
  }

  private mutating func append(_ name: HostName) -> Range<Int> {
    let first = nameBytes.count
    let bytes = name.bytes
    for index in 0..<bytes.count { nameBytes.append(bytes[index]) }
    return first..<nameBytes.count
  }
}

/// What a search of all rules found: each field is the first of its kind.
struct RuleSearch {
  var match: Int?
  var methodMiss: NearestMiss?
  var portMiss: NearestMiss?

  var foundHost: Bool { match != nil || methodMiss != nil || portMiss != nil }
}

extension CompiledRules {
  func addsIdentityHeaders(_ rule: Int) -> Bool { entries.span[rule].identityHeaders }

  /// Tries the rules in order up to the first that matches.
  func search(_ flow: borrowing Flow, forbidden: ForbiddenAddress?) -> RuleSearch {
    let endpoint = flow.destination.endpoint
    return switch flow.name {
    case let name?:
      search(
        name: name.bytes, address: endpoint.address, port: endpoint.port, content: flow.content,
        forbidden: forbidden)
    case nil:
      search(
        name: Span(), address: endpoint.address, port: endpoint.port, content: flow.content,
        forbidden: forbidden)
    }
  }

  /// The same for a name that has no address yet: no block matches it.
  func search(name: HostName, port: UInt16, content: Flow.Content) -> RuleSearch {
    search(name: name.bytes, address: nil, port: port, content: content, forbidden: nil)
  }

  private func search(
    name: Span<UInt8>, address: IPAddress?, port: UInt16, content: Flow.Content,
    forbidden: ForbiddenAddress?
  ) -> RuleSearch {
    let entries = self.entries.span
    var result = RuleSearch()
    for index in entries.indices {
      let entry = entries[index]
      guard matches(entry, name: name, address: address, forbidden: forbidden) else { continue }
      guard admits(entry, port: port) else {
        if result.portMiss == nil {
          result.portMiss = NearestMiss(ruleIndex: index, missed: .port)
        }
        continue
      }
      guard admits(entry, content) else {
        if result.methodMiss == nil {
          result.methodMiss = NearestMiss(ruleIndex: index, missed: .method)
        }
        continue
      }
      result.match = index
      break
    }
    return result
  }

  /// The first rule that could still match a connection to `endpoint`, where it is one that needs
  /// no byte of it: an address rule with ports and without methods.
  func ruleBeforeBytes(to endpoint: Endpoint) -> Int? {
    let forbidden = ForbiddenAddress(endpoint.address)
    let entries = self.entries.span
    for index in entries.indices {
      let entry = entries[index]
      guard admits(entry, port: endpoint.port) else { continue }
      switch entry.host {
      case .exact, .below, .anyName:
        // Whether it matches depends on bytes not yet seen, unless no name may lead there.
        if forbidden == nil { return nil }
      case .block:
        guard matches(entry, name: Span(), address: endpoint.address, forbidden: forbidden) else {
          continue
        }
        return !entry.ports.isEmpty && entry.methods.isEmpty ? index : nil
      }
    }
    return nil
  }

  /// Whether the host of `entry` is the flow's. `name` is empty where the flow has none. A
  /// forbidden destination is reached only by a block that lies within its class's own.
  private func matches(
    _ entry: Entry, name: Span<UInt8>, address: IPAddress?, forbidden: ForbiddenAddress?
  ) -> Bool {
    switch entry.host {
    case .exact(let range):
      forbidden == nil && name.count == range.count && ends(name, with: range)
    case .below(let range):
      forbidden == nil && name.count > range.count && ends(name, with: range)
    case .anyName:
      forbidden == nil && !name.isEmpty
    case .block(let block):
      (address.map { block.contains($0) } ?? false)
        && (forbidden.map { $0.block.contains(block) } ?? true)
    }
  }

  private func admits(_ entry: Entry, port: UInt16) -> Bool {
    if entry.ports.isEmpty { return true }
    let ports = self.ports.span
    for index in entry.ports where ports[index].contains(port) { return true }
    return false
  }

  /// No rule admits CONNECT as a request: what its tunnel would carry can't be judged. A tunnel of
  /// the proxy's own is judged again, so any rule does.
  private func admits(_ entry: Entry, _ content: Flow.Content) -> Bool {
    if case .tunnel = content { return true }
    let method = content.method
    if method?.isConnect == true { return false }
    if entry.methods.isEmpty { return true }
    guard let method else { return false }
    let methods = self.methods.span
    for index in entry.methods where methods[index] == method { return true }
    return false
  }

  /// Compares from the end: names differ most in their first labels, suffixes in their last.
  private func ends(_ name: Span<UInt8>, with range: Range<Int>) -> Bool {
    let arena = nameBytes.span
    let shift = name.count - range.upperBound
    var index = range.upperBound
    while index > range.lowerBound {
      index -= 1
      if name[index + shift] != arena[index] { return false }
    }
    return true
  }
}
