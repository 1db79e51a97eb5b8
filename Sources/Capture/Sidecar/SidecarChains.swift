internal import Addressing

/// The chains of sidecar mode, in the order in which they stand in the table.
///
/// Packets are judged once, when a connection begins; its conntrack mark says how, and the rest of
/// the connection goes by the mark. That is not only quicker: packets that the kernel sends for a
/// socket that is gone have no uid any more.
struct SidecarChains {
  let ports: ProxyPorts
  let mark: ConnectionMark

  var all: [Chain] {
    [natOutput] + outbound.all + [input, inputLoopback, forward, postrouting]
  }

  private var outbound: SidecarOutputChains { SidecarOutputChains(ports: ports, mark: mark) }

  private var natOutput: Chain {
    Chain(
      ChainName.natOutput,
      hook: Hook(.nat, .output, priority: -100, policy: .accept),
      [
        Rule([.leavesOnLoopback], [.return]),
        Rule([.isProxys], [.return]),
        // A connection to a link-local address is bound to its device: redirected to ::1 it would
        // get nowhere and time out. The filter refuses it at once.
        Rule([.isToLinkLocal], [.return]),
        Rule([.isToResolver4, .port(.tcpDestinationPort, [53])], [.return]),
        Rule([.isToResolver6, .port(.tcpDestinationPort, [53])], [.return]),
        Rule(
          [.isTCP],
          [
            .tagConnection(tag: mark.captured, mask: mark.mask), .counter,
            .redirect(port: ports.proxy),
          ]),
      ])
  }

  private var input: Chain {
    Chain(
      ChainName.input,
      hook: Hook(.filter, .input, priority: 0, policy: .accept),
      [
        Rule([Match(.inputInterface, .is(.interface("lo")))], [.goto(ChainName.inputLoopback)]),
        Rule(
          [.isTCPOrUDP, .port(.transportDestinationPort, [ports.admin, ports.proxy, ports.dns])],
          [.counter, .drop]),
        // Conntrack picks up a connection in the middle, so that what a server pushes on an old
        // outbound connection looks like the start of an inbound one: only a SYN starts one.
        Rule(
          [Match(.tcpFlags(among: [.fin, .syn, .rst, .ack]), .isNot(.tcpFlags(.syn)))],
          [.accept]),
        Rule(
          [.isNewConnection],
          [.tagConnection(tag: mark.inbound, mask: mark.mask), .counter, .accept]),
      ])
  }

  /// Behind the reverse translation: what a captured connection gets back carries the address that
  /// the workload meant, which is not ours.
  private var inputLoopback: Chain {
    Chain(
      ChainName.inputLoopback,
      [
        Rule([Match(.sourceAddressType, .is(.addressType(.local)))], [.accept]),
        Rule([.isFromLinkLocal, .isToLinkLocal], [.accept]),
        Rule(
          [Match(.connectionMark(mask: mark.mask), .is(.mark(mark.captured)))], [.accept]),
        // The kernel's own resets for refused connections.
        Rule([.isReset], [.counter, .accept]),
        Rule([], [.counter, .drop]),
      ])
  }

  /// A new network namespace inherits ip_forward from the host: it often forwards.
  private var forward: Chain {
    Chain(
      ChainName.forward, hook: Hook(.filter, .forward, priority: 0, policy: .drop), [])
  }

  /// A socket bound to a device sends its redirected SYN there, to 127.0.0.1. No earlier hook can
  /// tell: in the output hooks the interface is still the one from before the redirect.
  private var postrouting: Chain {
    Chain(
      ChainName.postrouting,
      hook: Hook(.filter, .postrouting, priority: 1000, policy: .accept),
      [
        Rule([.leavesOnLoopback], [.accept]),
        Rule([Match(.ipv4Destination, .is(.prefix(.loopback4)))], [.counter, .drop]),
        Rule([Match(.ipv6Destination, .is(.address(.loopback6)))], [.counter, .drop]),
      ])
  }
}

extension CIDR {
  fileprivate static let loopback4 = CIDR(
    base: .v4(IPv4Address(rawValue: 127 << 24)), prefixLength: 8)!
}

extension IPAddress {
  fileprivate static let loopback6 = IPAddress.v6(IPv6Address(rawValue: 1))
}
