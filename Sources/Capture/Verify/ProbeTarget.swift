internal import Addressing
internal import Configuration

/// Where probes go: to addresses that are nobody's (RFC 5737, RFC 3849), so that whoever answers is
/// on this host.
struct ProbeTarget {
  let capture: Configuration.Capture

  enum Family: CaseIterable, Sendable {
    case ipv4, ipv6

    var name: String { self == .ipv4 ? "IPv4" : "IPv6" }
    var loopback: IPAddress {
      switch self {
      case .ipv4: .v4(IPv4Address(rawValue: 0x7f00_0001))
      case .ipv6: .v6(IPv6Address(rawValue: 1))
      }
    }

    fileprivate var nobodys: [IPAddress] {
      switch self {
      case .ipv4:
        [0xc000_0201, 0xc633_6401, 0xcb00_7101].map { .v4(IPv4Address(rawValue: $0)) }
      case .ipv6: [.v6(IPv6Address(rawValue: 0x2001_0db8 << 96 | 1))]
      }
    }
  }

  /// TCP to it should be captured; nil where the document captures nothing that may be tried.
  func captured(_ family: Family) -> Endpoint? {
    let outbound = capture.outbound
    let addresses = family.nobodys.filter { !isExcluded($0) }
    let isSelective = !outbound.includePorts.isEmpty || !outbound.includeCIDRs.isEmpty
    let port = Self.ports(isSelective ? outbound.includePorts : [1...(.max)]).first(where: isFree)
    if let address = addresses.first, let port { return Endpoint(address: address, port: port) }
    // An included block may be nobody's too.
    let included = addresses.first { address in
      outbound.includeCIDRs.contains { $0.contains(address) }
    }
    return included.flatMap { address in
      Self.ports([1...(.max)]).first(where: isFree).map { Endpoint(address: address, port: $0) }
    }
  }

  /// TCP to it should be refused; nil where the document refuses none.
  func refused(_ family: Family) -> Endpoint? {
    let outbound = capture.outbound
    guard !outbound.includePorts.isEmpty || !outbound.includeCIDRs.isEmpty else { return nil }
    let address = family.nobodys.first { address in
      !isExcluded(address) && !outbound.includeCIDRs.contains { $0.contains(address) }
    }
    let port = Self.ports([1...(.max)]).first { port in
      isFree(port) && !outbound.includePorts.contains { $0.contains(port) }
    }
    guard let address, let port else { return nil }
    return Endpoint(address: address, port: port)
  }

  /// Datagrams to it should be refused; nil where the document lets them all out.
  func datagram(_ family: Family) -> Endpoint? {
    guard capture.nonTCP != .allow,
      let address = family.nobodys.first(where: { !isExcluded($0) }),
      let port = Self.ports([1...(.max)]).first(where: isFree)
    else { return nil }
    return Endpoint(address: address, port: port)
  }

  private func isExcluded(_ address: IPAddress) -> Bool {
    capture.outbound.excludeCIDRs.contains { $0.contains(address) }
  }

  /// Not excluded, and not a question to a name server.
  private func isFree(_ port: UInt16) -> Bool {
    port != 53 && !capture.outbound.excludePorts.contains { $0.contains(port) }
  }

  /// 443 first, where it is among them, then the others.
  private static func ports(_ ranges: [ClosedRange<UInt16>]) -> some Sequence<UInt16> {
    let first: [ClosedRange<UInt16>] = ranges.contains { $0.contains(443) } ? [443...443] : []
    return (first + ranges).lazy.flatMap { $0.lazy.map { $0 } }
  }
}
