internal import Addressing

extension Ruleset {
  /// The text that `nft -s list table inet <table>` of nftables 1.0.6 prints once this ruleset is
  /// in the kernel, byte for byte; `nft -f` reads it back.
  package var nftText: String {
    var text = "table inet \(table) {\n"
    let blocks = sets.map(\.nftText) + chains.map(\.nftText)
    text += blocks.joined(separator: "\n")
    return text + "}\n"
  }
}

extension NamedSet {
  fileprivate var nftText: String {
    var text = "\tset \(name) {\n\t\ttype \(keyType.nftText)\n"
    if !elements.isEmpty {
      text += "\t\telements = { "
      for (index, element) in elements.enumerated() {
        if index > 0 {
          text += index.isMultiple(of: keyType.elementsPerLine) ? ",\n\t\t\t     " : ", "
        }
        text += element.nftText
      }
      text += " }\n"
    }
    return text + "\t}\n"
  }
}

extension NamedSet.KeyType {
  fileprivate var nftText: String {
    switch self {
    case .uid: "uid"
    case .ipv4Address: "ipv4_addr"
    case .ipv6Address: "ipv6_addr"
    }
  }

  /// Where nft breaks the line.
  fileprivate var elementsPerLine: Int {
    switch self {
    case .uid: 5
    case .ipv4Address: 2
    case .ipv6Address: 1
    }
  }
}

extension Chain {
  fileprivate var nftText: String {
    var text = "\tchain \(name) {\n"
    if let hook { text += "\t\t\(hook.nftText)\n" }
    for rule in rules { text += "\t\t\(rule.nftText)\n" }
    return text + "\t}\n"
  }
}

extension Hook {
  fileprivate var nftText: String {
    // nft has the name `filter` for 0; -100 has one only in prerouting.
    let order = priority == 0 ? "filter" : "\(priority)"
    return "type \(kind) hook \(point) priority \(order); policy \(policy);"
  }
}

extension Rule {
  /// One line without indentation, which names the rule in messages too.
  package var nftText: String {
    (matches.map(\.nftText) + statements.map(\.nftText)).joined(separator: " ")
  }
}

extension Match {
  var nftText: String {
    switch (selector, test) {
    case (.tcpFlags(let mask), .is(.tcpFlags(let flags))) where flags == mask:
      "tcp flags & \(flags.nftText) == \(flags.nftText)"
    case (.tcpFlags(let mask), .is(.tcpFlags(let flags))):
      "tcp flags \(flags.nftText) / \(mask.nftText)"
    case (.tcpFlags(let mask), .isNot(.tcpFlags(let flags))):
      "tcp flags != \(flags.nftText) / \(mask.nftText)"
    case (.connectionMark, .is(let value)):
      "\(selector.nftText) == \(value.nftText)"
    default:
      "\(selector.nftText) \(test.nftText)"
    }
  }
}

extension Selector {
  fileprivate var nftText: String {
    switch self {
    case .inputInterface: "iifname"
    case .outputInterface: "oifname"
    case .socketUID: "meta skuid"
    case .layer4Protocol: "meta l4proto"
    case .ipv4Destination: "ip daddr"
    case .ipv6Source: "ip6 saddr"
    case .ipv6Destination: "ip6 daddr"
    case .tcpDestinationPort: "tcp dport"
    case .transportDestinationPort: "th dport"
    case .icmpv6Type: "icmpv6 type"
    case .tcpFlags: "tcp flags"
    case .connectionState: "ct state"
    case .connectionStatus: "ct status"
    case .connectionDirection: "ct direction"
    case .connectionMark(let mask): "ct mark & \(hexadecimal(mask))"
    case .sourceAddressType: "fib saddr type"
    case .destinationAddressType: "fib daddr type"
    case .ipv4Option(.looseSourceRoute): "ip option lsrr"
    case .ipv4Option(.strictSourceRoute): "ip option ssrr"
    case .ipv6RoutingHeader: "exthdr rt"
    }
  }
}

extension Test {
  fileprivate var nftText: String {
    switch self {
    case .is(let value), .has(let value): value.nftText
    case .isNot(let value): "!= \(value.nftText)"
    case .isOneOf(let values): "{ \(values.map(\.nftText).joined(separator: ", ")) }"
    case .isIn(let set): "@\(set)"
    case .isBetween(let low, let high): "\(low.nftText)-\(high.nftText)"
    case .exists: "exists"
    }
  }
}

extension Value {
  var nftText: String {
    switch self {
    case .interface(let name): "\"\(name)\""
    case .uid(let uid): "\(uid)"
    case .layer4Protocol(let number): number.nftText
    case .address(let address): "\(address)"
    case .prefix(let block): "\(block)"
    case .port(let port): "\(port)"
    case .icmpv6Type(let type): type.nftText
    case .tcpFlags(let flags): flags.nftText
    case .state(let state): "\(state)"
    case .status(.destinationTranslated): "dnat"
    case .direction(let direction): "\(direction)"
    case .mark(let mark): hexadecimal(mark)
    case .addressType(let type): "\(type)"
    }
  }
}

extension InternetProtocol {
  fileprivate var nftText: String {
    switch self {
    case .icmp: "icmp"
    case .igmp: "igmp"
    case .tcp: "tcp"
    case .udp: "udp"
    case .icmpv6: "ipv6-icmp"
    }
  }
}

extension ICMPv6Type {
  fileprivate var nftText: String {
    switch self {
    case .multicastListenerReport: "mld-listener-report"
    case .multicastListenerDone: "mld-listener-done"
    case .routerSolicitation: "nd-router-solicit"
    case .neighbourSolicitation: "nd-neighbor-solicit"
    case .neighbourAdvertisement: "nd-neighbor-advert"
    case .multicastListenerReport2: "mld2-listener-report"
    }
  }
}

extension TCPFlags {
  fileprivate var nftText: String {
    let names: [(TCPFlags, String)] = [
      (.fin, "fin"), (.syn, "syn"), (.rst, "rst"), (.ack, "ack"),
    ]
    return names.filter { contains($0.0) }.map(\.1).joined(separator: ",")
  }
}

extension Statement {
  fileprivate var nftText: String {
    switch self {
    case .counter: "counter"
    case .tagConnection(let tag, let mask):
      // nft shows "clear the mask's bits, then set the tag's" in this form of its own.
      "ct mark set ct mark & \(hexadecimal(~mask | tag)) | \(hexadecimal(tag))"
    case .dispatch(let selector, let branches):
      "\(selector.nftText) vmap { "
        + branches.map { "\($0.value.nftText) : goto \($0.chain)" }.joined(separator: ", ")
        + " }"
    case .accept: "accept"
    case .drop: "drop"
    case .return: "return"
    case .goto(let chain): "goto \(chain)"
    case .rejectWithReset: "reject with tcp reset"
    case .rejectAsProhibited: "reject with icmpx admin-prohibited"
    case .redirect(let port): "redirect to :\(port)"
    }
  }
}

/// Eight digits, as nft prints marks.
private func hexadecimal(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return "0x" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
}
