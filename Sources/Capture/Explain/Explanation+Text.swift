internal import Addressing

extension Explanation {
  /// One sentence: what becomes of the packet.
  package var sentence: String { "\(packet.summary) \(verdict.text(packet))\(consequence)." }

  /// The sentence, then what each rule did; the one that decided has a `>` in front.
  package var text: String {
    var lines = [sentence]
    if steps.isEmpty { lines.append("No rule sees it.") }
    var table: TableIdentity?
    for (index, step) in steps.enumerated() {
      if step.table != table { lines.append("table \(step.table)") }
      table = step.table
      let sign = index == decidingIndex ? ">" : " "
      let rule = step.rule.map { "rule \($0): " } ?? ""
      lines.append("\(sign) \(step.point) \(step.chain) \(rule)\(step.text)")
      let effects = step.effects.filter { !$0.isPlain }.map(\.text)
      if !effects.isEmpty { lines.append("      \(effects.joined(separator: "; "))") }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var consequence: String {
    switch notice {
    case nil: ""
    case .connectionRefused: ": the client sees ECONNREFUSED at once"
    case .notPermitted: ": the sender sees EPERM at once"
    case .prohibited:
      packet.destination.bitWidth == 32
        ? ": an ICMP error tells the sender (EHOSTUNREACH)"
        : ": an ICMP error tells the sender (EACCES)"
    case .some(.none) where verdict != .dropped:
      ", but the answer is stopped too: nobody tells the sender, which waits"
    case .some(.none): ": nobody tells the sender, which waits"
    }
  }
}

extension Packet {
  /// As the beginning of a sentence: `TCP of uid 1000 to 10.0.0.5:443`.
  package var summary: String {
    let target = destinationPort.map { "\(Endpoint(address: destination, port: $0))" }
    let to = "to \(target ?? "\(destination)")"
    let from = source.map { " from \($0)" } ?? ""
    return switch origin {
    case .socket(let uid, _): "\(protocolName) of uid \(uid)\(from) \(to)"
    case .kernel: "\(protocolName) of the kernel itself\(from) \(to)"
    case .interface(let name): "\(protocolName) that arrives on \(name)\(from) \(to)"
    }
  }

  private var protocolName: String {
    switch InternetProtocol(rawValue: protocolNumber) {
    case .tcp: "TCP"
    case .udp: "UDP"
    case .icmp: "ICMP"
    case .icmpv6: "ICMPv6"
    case .igmp: "IGMP"
    case nil: "Protocol \(protocolNumber)"
    }
  }
}

extension Verdict {
  fileprivate func text(_ packet: Packet) -> String {
    switch self {
    case .captured(let port): "is captured: it goes to the sidecar's port \(port)"
    case .leaves(let interface): "leaves on \(interface) as it is"
    case .reachesThisHost:
      packet.isLocallyMade ? "stays on this host as it is" : "reaches this host as it is"
    case .refused(.reset): "is refused with a TCP reset"
    case .refused(.prohibited): "is refused as administratively prohibited"
    case .dropped: "is dropped"
    }
  }
}

extension Effect {
  /// The rule's text says all there is to say.
  fileprivate var isPlain: Bool {
    switch self {
    case .accepted, .dropped, .refused, .returned: true
    default: false
    }
  }

  /// A part of a sentence.
  package var text: String {
    switch self {
    case .taggedConnection(let mark): "the connection's mark is now \(hexadecimal(mark))"
    case .markedPacket(let mark): "the packet's mark is now \(hexadecimal(mark))"
    case .prioritizedPacket: "the packet's priority is set"
    case .zone(let zone): "conntrack looks in zone \(zone)"
    case .redirected(let address?, let port):
      "the destination is now \(Endpoint(address: address, port: port))"
    case .redirected(nil, let port):
      "the destination is now port \(port) of the interface's address"
    case .handedOver(let port): "the transparent listener of port \(port) takes it"
    case .went(let chain): "goes on in \(chain)"
    case .returned: "goes back"
    case .accepted: "accepted"
    case .refused(.reset): "reset"
    case .refused(.prohibited): "refused as prohibited"
    case .dropped: "dropped"
    }
  }
}

private func hexadecimal(_ number: UInt32) -> String { "0x" + String(number, radix: 16) }
