internal import Addressing

/// The rules of one allowlist in the form that is searched: judging a flow follows no reference but
/// the arrays' own.
struct CompiledRules: Sendable {
  let list: RuleList
  let firstAddressRule: Int?

  init(_ list: RuleList) {
    self.list = list
    firstAddressRule = list.entries.firstIndex {
      switch $0.host {
      case .blockV4, .blockV6: true
      case .exact, .below, .anyName: false
      }
    }
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
    let entries = list.entries.span
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
    let entries = list.entries.span
    for index in entries.indices {
      let entry = entries[index]
      guard admits(entry, port: endpoint.port) else { continue }
      switch entry.host {
      case .exact, .below, .anyName:
        // Whether it matches depends on bytes not yet seen, unless no name may lead there.
        if forbidden == nil { return nil }
      case .blockV4, .blockV6:
        guard matches(entry, name: Span(), address: endpoint.address, forbidden: forbidden) else {
          continue
        }
        let needsNoByte =
          !entry.ports.isEmpty && entry.methodSet == 0 && entry.allowsEncryptedClientHello != false
        return needsNoByte ? index : nil
      }
    }
    return nil
  }

  /// Whether the host of `entry` is the flow's. `name` is empty where the flow has none. A
  /// forbidden destination is reached only by a block that lies within its class's own.
  private func matches(
    _ entry: RuleList.Entry, name: Span<UInt8>, address: IPAddress?, forbidden: ForbiddenAddress?
  ) -> Bool {
    switch entry.host {
    case .exact(let start, let length):
      forbidden == nil && name.count == length && ends(name, with: start, length)
    case .below(let start, let length):
      forbidden == nil && name.count > Int(length) + 1
        && name[name.count - Int(length) - 1] == UInt8(ascii: ".")
        && ends(name, with: start, length)
    case .anyName:
      forbidden == nil && !name.isEmpty
    case .blockV4, .blockV6:
      matches(list.block(entry.host), address: address, forbidden: forbidden)
    }
  }

  private func matches(
    _ block: CIDR, address: IPAddress?, forbidden: ForbiddenAddress?
  ) -> Bool {
    (address.map { block.contains($0) } ?? false)
      && (forbidden.map { $0.block.contains(block) } ?? true)
  }

  private func admits(_ entry: RuleList.Entry, port: UInt16) -> Bool {
    if entry.ports.isEmpty { return true }
    let ports = list.ports.span
    for index in entry.ports.range where ports[index].contains(port) { return true }
    return false
  }

  /// No rule admits CONNECT as a request: what its tunnel would carry can't be judged. A tunnel of
  /// the proxy's own is judged again, so any rule does.
  private func admits(_ entry: RuleList.Entry, _ content: Flow.Content) -> Bool {
    if case .tunnel = content { return true }
    let method = content.method
    if method?.isConnect == true { return false }
    if entry.methodSet == 0 { return true }
    guard let method else { return false }
    let methods = list.methods.span
    for index in list.methodSets.span[Int(entry.methodSet)].range where methods[index] == method {
      return true
    }
    return false
  }

  /// Compares from the end: names differ most in their first labels, suffixes in their last.
  private func ends(_ name: Span<UInt8>, with start: UInt32, _ length: UInt8) -> Bool {
    let texts = list.texts.span
    let shift = name.count - Int(length)
    var index = Int(length)
    while index > 0 {
      index -= 1
      if name[index + shift] != texts[Int(start) + index] { return false }
    }
    return true
  }
}
