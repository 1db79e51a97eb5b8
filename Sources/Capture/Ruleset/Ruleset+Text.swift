internal import Addressing

extension Ruleset {
  /// The text that `nft -s list table <table>` of nftables 1.0.6 prints once this ruleset is
  /// in the kernel, byte for byte; `nft -f` reads it back.
  package var nftText: String {
    var text = "table \(table) {\n"
    let blocks = sets.map(\.nftText) + chains.map(\.nftText)
    text += blocks.joined(separator: "\n")
    return text + "}\n"
  }
}

extension NamedSet {
  fileprivate var nftText: String {
    var text = "\tset \(name) {\n\t\ttype \(keyType.nftText)\n"
    if isInterval { text += "\t\tflags interval\n" }
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
  var nftText: String {
    switch self {
    case .uid: "uid"
    case .gid: "gid"
    case .port: "inet_service"
    case .ipv4Address: "ipv4_addr"
    case .ipv6Address: "ipv6_addr"
    }
  }

  /// Where nft breaks the line.
  fileprivate var elementsPerLine: Int {
    switch self {
    case .uid, .gid, .port: 5
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
  var nftText: String {
    let on =
      switch devices.count {
      case 0: ""
      case 1: " device \"\(devices[0])\""
      default: " devices = { \(devices.map { "\"\($0)\"" }.joined(separator: ", ")) }"
      }
    return "type \(kind) hook \(point)\(on) priority \(order); policy \(policy);"
  }

  /// nft has names for the usual places; -100 has one only in prerouting.
  private var order: String {
    switch (priority, point) {
    case (-300, _): "raw"
    case (-150, _): "mangle"
    case (-100, .prerouting): "dstnat"
    case (0, _): "filter"
    default: "\(priority)"
    }
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
    case (.etherGroupDestination, .exists):
      "\(selector.nftText) == 01:00:00:00:00:00"
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
    case .socketGID: "meta skgid"
    case .etherType: "ether type"
    case .etherGroupDestination: "ether daddr & 01:00:00:00:00:00"
    case .packetMark: "meta mark"
    case .packetPriority: "meta priority"
    case .layer4Protocol: "meta l4proto"
    case .ipv4Source: "ip saddr"
    case .ipv4Destination: "ip daddr"
    case .ipv6Source: "ip6 saddr"
    case .ipv6Destination: "ip6 daddr"
    case .tcpDestinationPort: "tcp dport"
    case .udpSourcePort: "udp sport"
    case .udpDestinationPort: "udp dport"
    case .transportDestinationPort: "th dport"
    case .icmpv6Type: "icmpv6 type"
    case .tcpFlags: "tcp flags"
    case .connectionState: "ct state"
    case .connectionStatus: "ct status"
    case .connectionDirection: "ct direction"
    case .connectionMark(let mask): "ct mark & \(hexadecimal(mask))"
    case .sourceAddressType: "fib saddr type"
    case .destinationAddressType: "fib daddr type"
    case .wayBack: "fib saddr . iif oif"
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
    case .isMissing: "missing"
    }
  }
}

extension Value {
  var nftText: String {
    switch self {
    case .interface(let name): "\"\(name)\""
    case .interfacePrefix(let prefix): "\"\(prefix)*\""
    case .uid(let uid): "\(uid)"
    case .gid(let gid): "\(gid)"
    case .addressRange(let first, let last):
      first == last
        ? "\(first)"
        : CIDR(first: first, last: last).map { "\($0)" } ?? "\(first)-\(last)"
    case .portRange(let first, let last): first == last ? "\(first)" : "\(first)-\(last)"
    case .etherType(let type): "\(type)"
    case .priority(let priority): trafficClass(priority)
    case .layer4Protocol(let number): number.nftText
    case .address(let address): "\(address)"
    case .prefix(let block): "\(block)"
    case .port(let port): "\(port)"
    case .icmpv6Type(let type): type.nftText
    case .tcpFlags(let flags): flags.nftText
    case .state(let state): state.nftText
    case .status(.destinationTranslated): "dnat"
    case .direction(let direction): "\(direction)"
    case .mark(let mark): hexadecimal(mark)
    case .addressType(.local): "local"
    case .addressType(.broadcast): "broadcast"
    }
  }
}

// Written out, since the names of cases are found by reflection, and `apply` makes the text of every
// rule.
extension ConnectionState {
  fileprivate var nftText: String {
    switch self {
    case .invalid: "invalid"
    case .established: "established"
    case .related: "related"
    case .new: "new"
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
  fileprivate var nftText: String { names.joined(separator: ",") }

  /// As nft names those that are set, in its order.
  var names: [String] {
    let names: [(TCPFlags, String)] = [
      (.fin, "fin"), (.syn, "syn"), (.rst, "rst"), (.ack, "ack"),
    ]
    return names.filter { contains($0.0) }.map(\.1)
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
    case .tagPacket(let tag, let mask):
      tag == mask
        ? "meta mark set meta mark | \(hexadecimal(tag))"
        : "meta mark set meta mark & \(hexadecimal(~mask | tag)) | \(hexadecimal(tag))"
    case .setPacketMark(let mark): "meta mark set \(hexadecimal(mark))"
    case .setPacketPriority(let priority): "meta priority set \(trafficClass(priority))"
    case .setZone(let zone): "ct zone set \(zone)"
    case .goto(let chain): "goto \(chain)"
    case .jump(let chain): "jump \(chain)"
    case .rejectWithReset: "reject with tcp reset"
    case .rejectAsProhibited: "reject with icmpx admin-prohibited"
    case .redirect(let port): "redirect to :\(port)"
    case .tproxy(let port): "tproxy to :\(port)"
    }
  }
}

/// Eight digits, as nft prints marks.
private func hexadecimal(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return "0x" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
}

/// `major:minor` in hexadecimal, as nft prints priorities; it has words for two of them.
private func trafficClass(_ priority: UInt32) -> String {
  switch priority {
  case 0: "none"
  case .max: "root"
  default:
    String(priority >> 16, radix: 16) + ":" + String(priority & 0xffff, radix: 16)
  }
}
