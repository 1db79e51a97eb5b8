import Configuration
import Foundation
import TestNetwork

/// The network that the flows of golden documents are sent in. Each place is a namespace; the world
/// answers at every address that isn't somebody else's, on every port that a flow names.
///
/// One scene serves many documents, one after the other: an apply leaves nothing of the one before,
/// and every flow has a source port of its own.
struct GoldenScene: Sendable {
  /// A device that is watched where packets arrive from it, named as in the flows.
  struct Wire: Encodable, Sendable {
    let name: String
    let place: String
    let device: String
  }

  /// IPv4 and IPv6.
  typealias Addresses = (v4: String, v6: String)

  /// Where portarium-init runs.
  let captured: String
  let places: [String: NetworkNamespace]
  let addresses: [String: Addresses]
  /// Addresses that lead to another place's port: a Kubernetes service's.
  let services: [String: Addresses]
  let wires: [Wire]
  /// Where a flow that gets out is seen; nil where that isn't watched.
  let wayOut: @Sendable (GoldenFlow) -> String?
  /// A flow that always arrives, behind all others, per IP family.
  let barriers: [GoldenFlow]
  /// What /etc/resolv.conf of the captured place names.
  static let resolvers: Addresses = ("10.96.0.10", "fd00:96::a")

  func address(of host: String, isIPv6: Bool) -> String {
    guard let found = addresses[host] ?? services[host] else { return host }
    return isIPv6 ? found.v6 : found.v4
  }

  /// Whether the destination is in the place that the packet is sent from.
  func staysInside(_ flow: GoldenFlow) -> Bool {
    let host = address(of: flow.host, isIPv6: flow.isIPv6)
    return host.hasPrefix("127.") || host == "::1"
      || ownHosts(of: flow.place).contains(flow.host)
  }

  /// The names that mean the place itself: `net1` is a device of the pod.
  private func ownHosts(of place: String) -> [String] {
    place == "pod" ? ["pod", "net1", "net2"] : [place]
  }

  /// Where the servers stand that a flow could reach.
  func destination(of flow: GoldenFlow) -> String {
    if staysInside(flow) { return flow.place }
    switch flow.host {
    case "net1", "net2", "service": return "pod"
    case let host where places[host] != nil: return host
    default: return "world"
    }
  }
}

extension NetworkNamespace {
  /// Takes every address that no route leads elsewhere for its own.
  func answerEverywhere() throws(TestNetworkError) {
    try shell(
      """
      ip route del default
      ip -6 route del default
      ip route add local default dev lo table main
      ip -6 route add local default dev lo table main
      """
    ).checked()
  }
}

extension GoldenScene {
  /// The port of a service, and the pod's that it leads to.
  static let servicePorts: (from: UInt16, to: UInt16) = (80, 8080)

  /// A pod with two more interfaces and a virtual machine, behind a router.
  ///
  ///     vm ── eth0 ── vm0 ┐
  ///                       pod ── eth0, net1, net2 ── router ── world
  ///
  /// `node` is the router; `service` is an address that it translates back to the pod's port 8080.
  static func sidecar() throws(TestNetworkError) -> GoldenScene {
    let network = try PodNetwork(hasRouter: true)
    let (pod, router, world) = (network.pod, network.router!, network.world)
    let vm = try NetworkNamespace("vm")
    try NetworkNamespace.connect(pod, "net1", router, "net1")
    try NetworkNamespace.connect(pod, "net2", router, "net2")
    try NetworkNamespace.connect(vm, "eth0", pod, "vm0")
    try pod.forward()
    try pod.refuseWithoutLimit()
    for (number, device) in ["net1", "net2"].enumerated() {
      let link = number + 3
      try router.addAddress("10.77.\(link).1/24", to: device)
      try router.addAddress("fd77:\(link)::1/64", to: device)
      try pod.addAddress("10.77.\(link).2/24", to: device)
      try pod.addAddress("fd77:\(link)::2/64", to: device)
      try pod.ip("route", "add", "10.8\(number).0.0/16", "via", "10.77.\(link).1")
      try pod.ip("-6", "route", "add", "fd8\(number)::/16", "via", "fd77:\(link)::1")
    }
    try pod.addAddress("10.77.5.1/24", to: "vm0")
    try pod.addAddress("fd77:5::1/64", to: "vm0")
    try vm.addAddress("10.77.5.2/24", to: "eth0")
    try vm.addAddress("fd77:5::2/64", to: "eth0")
    try vm.shell(
      "ip route add default via 10.77.5.1; ip -6 route add default via fd77:5::1"
    ).checked()
    try router.shell(
      """
      ip route add default via \(PodNetwork.worldAddress4)
      ip -6 route add default via \(PodNetwork.worldAddress6)
      ip route add 10.77.5.0/24 via \(PodNetwork.podAddress4)
      ip -6 route add fd77:5::/64 via \(PodNetwork.podAddress6)
      """
    ).checked()
    try world.answerEverywhere()
    try world.shell(
      "ip route add 10.77.0.0/16 via 10.77.2.254; ip -6 route add fd77::/16 via fd77:2::fffe"
    ).checked()
    try router.run(["nft", "-f", Scratch.file("service.nft", Self.service)]).checked()
    try pod.believeSources()
    try pod.names([:], resolvers: [resolvers.v4, resolvers.v6, "127.0.0.53"])
    return GoldenScene(
      captured: "pod", places: ["pod": pod, "node": router, "world": world, "vm": vm],
      addresses: [
        "pod": (PodNetwork.podAddress4, PodNetwork.podAddress6),
        "net1": ("10.77.3.2", "fd77:3::2"), "net2": ("10.77.4.2", "fd77:4::2"),
        "vm": ("10.77.5.2", "fd77:5::2"), "node": ("10.77.1.1", "fd77:1::1"),
        "world": (PodNetwork.worldAddress4, PodNetwork.worldAddress6),
      ],
      services: ["service": serviceAddresses],
      wires: [
        Wire(name: "eth0", place: "node", device: "pod0"),
        Wire(name: "net1", place: "node", device: "net1"),
        Wire(name: "net2", place: "node", device: "net2"),
        Wire(name: "vm0", place: "vm", device: "eth0"),
      ],
      wayOut: { flow in
        switch flow.place {
        // Into the pod: no wire of those is in between.
        case "world", "node": flow.host == "vm" ? "vm0" : nil
        case "vm" where flow.host == "pod": nil
        default: flow.device ?? "eth0"
        }
      },
      barriers: ["uid 1337 tcp 203.0.113.1:7 -> direct", "uid 1337 tcp [2001:db8::1]:7 -> direct"]
        .map { GoldenFlow($0)! })
  }

  private static let serviceAddresses: Addresses = ("10.96.1.1", "fd00:96:1::1")

  private static let service = """
    table inet service {
      chain prerouting {
        type nat hook prerouting priority dstnat;
        ip daddr \(serviceAddresses.v4) tcp dport \(servicePorts.from) \
    dnat ip to \(PodNetwork.podAddress4):\(servicePorts.to)
        ip6 daddr \(serviceAddresses.v6) tcp dport \(servicePorts.from) \
    dnat ip6 to [\(PodNetwork.podAddress6)]:\(servicePorts.to)
      }
      chain postrouting {
        type nat hook postrouting priority srcnat;
        ct status dnat oifname "pod0" masquerade
      }
    }
    """
}
