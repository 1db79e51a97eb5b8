internal import Addressing
internal import CNetfilter

extension DumpedSet {
  var isInterval: Bool { flags & NFT_SET_INTERVAL.rawValue != 0 }
}

extension LiveSet {
  init(_ dump: DumpedSet) {
    name = dump.name
    type = LiveSetType(keyType: dump.keyType, keyLength: dump.keyLength, flags: dump.flags)
    members = [SetMember](dump.elements, isInterval: dump.isInterval)
  }

  /// The named sets that a transaction makes and fills.
  static func all(in operations: [Operation]) -> [LiveSet] {
    operations.compactMap { operation in
      guard case .addSet(let set) = operation, !set.isAnonymous else { return nil }
      return LiveSet(
        name: set.name,
        type: LiveSetType(
          keyType: set.keyType, keyLength: set.keyLength,
          flags: set.isInterval ? NFT_SET_INTERVAL.rawValue : 0),
        members: [SetMember](set))
    }
  }
}

extension [SetMember] {
  /// What the kernel will list.
  init(_ set: SetDefinition) {
    let elements = set.elements.map { element in
      DumpedElement(
        key: element.key, keyEnd: nil,
        flags: element.endsInterval ? NFT_SET_ELEM_INTERVAL_END.rawValue : 0,
        verdict: element.goto == nil ? nil : NFT_GOTO.rawValue, chain: element.goto)
    }
    self.init(elements.sorted(by: DumpedElement.standsBefore), isInterval: set.isInterval)
  }
}

extension LiveSetType {
  /// In nft's words as far as it is a type of ours.
  package var text: String {
    var text = keyKind.map { "type \($0.nftText)" } ?? "type number \(keyType)"
    let names: [(nft_set_flags, String)] = [
      (NFT_SET_CONSTANT, "constant"), (NFT_SET_INTERVAL, "interval"), (NFT_SET_MAP, "map"),
      (NFT_SET_TIMEOUT, "timeout"), (NFT_SET_EVAL, "dynamic"),
    ]
    let flags = names.filter { self.flags & $0.0.rawValue != 0 }.map(\.1)
    if !flags.isEmpty { text += " flags " + flags.joined(separator: ",") }
    return text
  }

  /// Nil for types that no set of ours has.
  var keyKind: NamedSet.KeyType? {
    let all: [NamedSet.KeyType] = [.uid, .gid, .port, .ipv4Address, .ipv6Address]
    return all.first { $0.number == keyType && $0.length == keyLength }
  }

  /// A member as nft prints it; in hexadecimal where the type isn't one of ours.
  package func text(of member: SetMember) -> String {
    guard let value = value(of: member) else {
      var text = hexadecimal(member.key)
      switch member.end {
      case .at(let last): text += "-" + hexadecimal(last)
      case .before(let next): text += " to before " + hexadecimal(next)
      case .never: text += " and above"
      case nil: break
      }
      return text
    }
    return value.nftText
  }

  /// Nil for what no set of ours holds.
  package func value(of member: SetMember) -> Value? {
    switch (keyKind, member.end) {
    case (.uid, nil): return member.key.hostNumber(UInt32.self).map { .uid($0) }
    case (.gid, nil): return member.key.hostNumber(UInt32.self).map { .gid($0) }
    case (.port, nil): return member.key.number(UInt16.self).map { .port($0) }
    case (.ipv4Address, nil), (.ipv6Address, nil):
      return IPAddress(networkOrder: member.key).map { .address($0) }
    case (.port, .some):
      guard let first = member.key.number(UInt16.self),
        let last = member.lastKey?.number(UInt16.self), first <= last
      else { return nil }
      return .portRange(first, last)
    case (.ipv4Address, .some), (.ipv6Address, .some):
      guard let first = IPAddress(networkOrder: member.key),
        let last = member.lastKey.flatMap({ IPAddress(networkOrder: $0) })
      else { return nil }
      return .addressRange(first, last)
    default: return nil
    }
  }

  private func hexadecimal(_ bytes: [UInt8]) -> String {
    "0x"
      + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension SetMember {

  fileprivate var lastKey: [UInt8]? {
    switch end {
    case nil: return key
    case .at(let last): return last
    case .never: return Array(repeating: 0xff, count: key.count)
    case .before(var next):
      // One less than the first key behind it.
      for index in next.indices.reversed() {
        next[index] &-= 1
        if next[index] != 0xff { return next }
      }
      return nil
    }
  }
}

extension LiveHook {
  init(_ hook: DumpedChain.Hook, family: TableFamily) {
    guard let kind = Hook.Kind(rawValue: hook.kind),
      let point = Hook.Point(number: hook.number, family: family),
      let policy = Hook.Policy(number: hook.policy)
    else {
      self = .foreign(hook)
      return
    }
    self = .ours(
      Hook(kind, point, priority: hook.priority, policy: policy, devices: hook.devices.sorted()))
  }

  /// As nft prints it.
  package var text: String {
    switch self {
    case .ours(let hook): return hook.nftText
    case .foreign(let hook):
      let devices = hook.devices.isEmpty ? "" : " devices \(hook.devices.joined(separator: ", "))"
      return "type \(hook.kind) hook number \(hook.number)\(devices) priority \(hook.priority); "
        + "policy \(hook.policy == NF_ACCEPT ? "accept" : "drop");"
    }
  }
}

extension Hook.Point {
  /// `enum nf_inet_hooks`, `enum nf_dev_hooks`
  fileprivate init?(number: UInt32, family: TableFamily) {
    switch (family, number) {
    case (.netdev, UInt32(NF_NETDEV_EGRESS.rawValue)): self = .egress
    case (.netdev, _): return nil
    case (.inet, UInt32(NF_INET_PRE_ROUTING.rawValue)): self = .prerouting
    case (.inet, UInt32(NF_INET_LOCAL_IN.rawValue)): self = .input
    case (.inet, UInt32(NF_INET_FORWARD.rawValue)): self = .forward
    case (.inet, UInt32(NF_INET_LOCAL_OUT.rawValue)): self = .output
    case (.inet, UInt32(NF_INET_POST_ROUTING.rawValue)): self = .postrouting
    case (.inet, _): return nil
    }
  }
}

extension Hook.Policy {
  fileprivate init?(number: UInt32) {
    switch Int32(bitPattern: number) {
    case NF_ACCEPT: self = .accept
    case NF_DROP: self = .drop
    default: return nil
    }
  }
}
