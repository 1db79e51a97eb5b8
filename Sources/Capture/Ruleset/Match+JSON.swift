internal import Addressing

extension Match {
  /// A condition as libnftables-json(5) has it.
  var json: JSON {
    if case (.etherGroupDestination, .exists) = (selector, test) {
      return ["match": ["op": "==", "left": selector.json, "right": "01:00:00:00:00:00"]]
    }
    let (isEqual, right) = test.json
    let comparison = isEqual ? (selector.isBitField && test.comparesBits ? "in" : "==") : "!="
    return ["match": ["op": .string(comparison), "left": selector.json, "right": right]]
  }
}

extension Test {
  /// What the field must be, or must not.
  fileprivate var json: (isEqual: Bool, right: JSON) {
    switch self {
    case .is(let value), .has(let value): (true, value.json)
    case .isNot(let value): (false, value.json)
    case .isOneOf(let values): (true, ["set": .array(values.map(\.json))])
    case .isIn(let set): (true, .string("@\(set)"))
    case .isBetween(let low, let high): (true, ["range": [low.json, high.json]])
    case .exists: (true, true)
    case .isMissing: (true, false)
    }
  }

  fileprivate var comparesBits: Bool { if case .has = self { true } else { false } }
}

extension Selector {
  /// Several bits may be set at once, so that "is" would ask for no others.
  fileprivate var isBitField: Bool {
    switch self {
    case .connectionState, .connectionStatus: true
    default: false
    }
  }

  /// An expression as libnftables-json(5) has it.
  var json: JSON {
    switch self {
    case .inputInterface: .meta("iifname")
    case .outputInterface: .meta("oifname")
    case .socketUID: .meta("skuid")
    case .socketGID: .meta("skgid")
    case .packetMark: .meta("mark")
    case .packetPriority: .meta("priority")
    case .layer4Protocol: .meta("l4proto")
    case .etherType: .payload("ether", "type")
    case .etherGroupDestination: ["&": [.payload("ether", "daddr"), "01:00:00:00:00:00"]]
    case .ipv4Source: .payload("ip", "saddr")
    case .ipv4Destination: .payload("ip", "daddr")
    case .ipv6Source: .payload("ip6", "saddr")
    case .ipv6Destination: .payload("ip6", "daddr")
    case .tcpDestinationPort: .payload("tcp", "dport")
    case .udpSourcePort: .payload("udp", "sport")
    case .udpDestinationPort: .payload("udp", "dport")
    case .transportDestinationPort: .payload("th", "dport")
    case .icmpv6Type: .payload("icmpv6", "type")
    case .tcpFlags(let among): ["&": [.payload("tcp", "flags"), Value.tcpFlags(among).json]]
    case .connectionState: .connection("state")
    case .connectionStatus: .connection("status")
    case .connectionDirection: .connection("direction")
    case .connectionMark(let mask): ["&": [.connection("mark"), .number(mask)]]
    case .sourceAddressType: .routeType("saddr")
    case .destinationAddressType: .routeType("daddr")
    case .wayBack: ["fib": ["result": "oif", "flags": ["saddr", "iif"]]]
    case .ipv4Option(.looseSourceRoute): ["ip option": ["name": "lsrr"]]
    case .ipv4Option(.strictSourceRoute): ["ip option": ["name": "ssrr"]]
    case .ipv6RoutingHeader: ["exthdr": ["name": "rt"]]
    }
  }
}

extension JSON {
  fileprivate static func meta(_ key: String) -> JSON { ["meta": ["key": .string(key)]] }
  fileprivate static func connection(_ key: String) -> JSON { ["ct": ["key": .string(key)]] }
  fileprivate static func payload(_ header: String, _ field: String) -> JSON {
    ["payload": ["protocol": .string(header), "field": .string(field)]]
  }
  fileprivate static func routeType(_ address: String) -> JSON {
    ["fib": ["result": "type", "flags": [.string(address)]]]
  }

  fileprivate static func prefix(_ block: CIDR) -> JSON {
    [
      "prefix": [
        "addr": .string("\(block.base)"), "len": .number(block.prefixLength),
      ]
    ]
  }
}

extension Value {
  /// An immediate as libnftables-json(5) has it: numbers where nft prints decimal or hexadecimal ones,
  /// names where it has some.
  var json: JSON {
    switch self {
    case .interface(let name): .string(name)
    case .interfacePrefix(let prefix): .string(prefix + "*")
    case .uid(let number), .gid(let number), .mark(let number): .number(number)
    case .port(let port): .number(port)
    case .portRange(let first, let last):
      first == last ? .number(first) : ["range": [.number(first), .number(last)]]
    case .address(let address): .string("\(address)")
    case .prefix(let block): .prefix(block)
    case .addressRange(let first, let last):
      if first == last {
        .string("\(first)")
      } else if let block = CIDR(first: first, last: last) {
        .prefix(block)
      } else {
        ["range": [.string("\(first)"), .string("\(last)")]]
      }
    case .tcpFlags(let flags):
      flags.names.count == 1
        ? .string(flags.names[0]) : .array(flags.names.map { .string($0) })
    case .layer4Protocol, .icmpv6Type, .etherType, .priority, .state, .status, .direction,
      .addressType:
      .string(nftText)
    }
  }
}
