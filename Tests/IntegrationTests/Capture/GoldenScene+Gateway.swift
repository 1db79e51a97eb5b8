import TestNetwork

extension GoldenScene {
  /// Three pods behind a gateway. `pod0` and `pod1` are behind interfaces of that name; `pod2` is
  /// behind `cali0`, which has no address, as Calico makes them.
  static func gateway() throws(TestNetworkError) -> GoldenScene {
    let network = try GatewayNetwork()
    let (gateway, world) = (network.gateway, network.world)
    let third = try NetworkNamespace("pod-c")
    try NetworkNamespace.connect(third, "eth0", gateway, "cali0")
    try third.addAddress("10.78.9.2/24", to: "eth0")
    try third.addAddress("fd78:9::2/64", to: "eth0")
    try gateway.shell(
      """
      sysctl -qw net.ipv4.conf.cali0.proxy_arp=1 net.ipv6.conf.cali0.proxy_ndp=1
      ip route add 10.78.9.2/32 dev cali0
      ip -6 route add fd78:9::2/128 dev cali0
      ip -6 neighbour add proxy fd78:9::1 dev cali0
      ip route replace default via \(GatewayNetwork.worldAddress4)
      ip -6 route replace default via \(GatewayNetwork.worldAddress6)
      """
    ).checked()
    try third.shell(
      """
      ip route add 169.254.1.1/32 dev eth0
      ip route add default via 169.254.1.1 dev eth0
      ip -6 route add default via fd78:9::1 dev eth0
      """
    ).checked()
    try gateway.refuseWithoutLimit()
    try gateway.believeSources()
    try world.answerEverywhere()
    try world.shell(
      """
      ip route add 10.78.0.0/16 via \(GatewayNetwork.outside4)
      ip -6 route add fd78::/16 via \(GatewayNetwork.outside6)
      """
    ).checked()
    try gateway.names([:], resolvers: [resolvers.v4, resolvers.v6])
    return GoldenScene(
      captured: "gateway",
      places: [
        "pod0": network.pods[0], "pod1": network.pods[1], "pod2": third, "gateway": gateway,
        "world": world,
      ],
      addresses: [
        "pod0": (GatewayNetwork.podAddress4(0), GatewayNetwork.podAddress6(0)),
        "pod1": (GatewayNetwork.podAddress4(1), GatewayNetwork.podAddress6(1)),
        "pod2": ("10.78.9.2", "fd78:9::2"),
        "gateway": (GatewayNetwork.outside4, GatewayNetwork.outside6),
        "world": (GatewayNetwork.worldAddress4, GatewayNetwork.worldAddress6),
      ],
      services: [:],
      wires: ["pod0", "pod1", "pod2", "world"].map { Wire(name: $0, place: $0, device: "eth0") },
      wayOut: { flow in
        switch flow.host {
        case "gateway": nil
        case let host where host.hasPrefix("pod"): host
        default: "world"
        }
      },
      barriers: [
        "gateway tcp 203.0.113.1:7 -> direct", "gateway tcp [2001:db8::1]:7 -> direct",
      ].map { GoldenFlow($0)! })
  }
}

extension NetworkNamespace {
  /// The kernel limits how many ICMP errors it sends; a scene's flows need more.
  func refuseWithoutLimit() throws(TestNetworkError) {
    try shell("sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0").checked()
  }

  /// Takes packets with any source from everywhere: what is dropped then, the rules have dropped.
  func believeSources() throws(TestNetworkError) {
    try shell("for file in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $file; done")
      .checked()
  }
}
