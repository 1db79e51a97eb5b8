import Addressing
import Foundation
import TestNetwork

@testable import Capture

/// A pod with two ways into a world that answers for every address, and a machine behind it:
///
///     vm (10.77.5.2) ── vm0 pod eth0 (10.77.1.2) ── world (10.99.0.0/16 and whatever else)
///                           pod eth1 (10.77.3.2) ── world (10.97.0.0/16)
///
/// In world, pod and machine everybody who asks learns where he got to, by TCP, UDP and ICMP.
final class ExplainScene: Sendable {
  let network: PodNetwork
  let machine: NetworkNamespace
  private let servers: [RunningProcess]
  private let probers: [Place: Prober]
  var pod: NetworkNamespace { network.pod }

  /// Where probes start.
  enum Place: String, CaseIterable { case pod, world, machine }

  /// On which something listens in the pod and in the machine, the sidecar's among them.
  static let servedPorts: [UInt16] = [
    22, 53, 80, 443, 8080, 8443, 9000, 15000, 15001, 15006, 15021, 15053, 16000, 16001, 16006,
    16053,
  ]

  /// The pod's own addresses, all of them.
  static let addresses = HostAddresses(
    [
      ("10.77.1.2", "eth0"), ("fd77:1::2", "eth0"), ("10.77.3.2", "eth1"), ("fd77:3::2", "eth1"),
      ("10.77.5.1", "vm0"), ("fd77:5::1", "vm0"),
    ].map { HostAddresses.Entry(CIDR(IPAddress($0)!), on: $1) }, isComplete: true)

  /// As the pod's routing table says.
  static func interface(to address: IPAddress) -> String {
    if addresses.isOwn(address, on: nil) { return "lo" }
    let routes = [
      ("10.97.0.0/16", "eth1"), ("fd97::/32", "eth1"), ("10.77.3.0/24", "eth1"),
      ("fd77:3::/64", "eth1"), ("10.77.5.0/24", "vm0"), ("fd77:5::/64", "vm0"),
      ("10.77.6.0/24", "vm0"), ("fd77:6::/64", "vm0"),
    ]
    return routes.first { CIDR($0.0)!.contains(address) }?.1 ?? "eth0"
  }

  init() throws(TestNetworkError) {
    network = try PodNetwork()
    machine = try NetworkNamespace("machine")
    try Self.connect(network, machine)
    let ports = Self.servedPorts.map { "\($0)" }
    let script = Scratch.script("crossroads.py")
    servers = [
      try network.pod.start(["/usr/bin/python3", script, "serve", "pod"] + ports),
      try network.world.start(["/usr/bin/python3", script, "serve", "world", "7"]),
      try machine.start(["/usr/bin/python3", script, "serve", "machine"] + ports),
    ]
    for server in servers { try server.waitForLine("ready") { $0 == "ready" } }
    probers = [
      .pod: try Prober(network.pod), .world: try Prober(network.world),
      .machine: try Prober(machine),
    ]
  }

  private static func connect(
    _ network: PodNetwork, _ machine: NetworkNamespace
  ) throws(TestNetworkError) {
    let (pod, world) = (network.pod, network.world)
    try NetworkNamespace.connect(pod, "eth1", world, "eth1")
    try NetworkNamespace.connect(pod, "vm0", machine, "eth0")
    try pod.forward()
    try pod.shell(
      """
      # As many refusals as there are probes.
      sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratelimit=0
      ip address add 10.77.3.2/24 dev eth1
      ip address add fd77:3::2/64 dev eth1 nodad
      ip address add 10.77.5.1/24 dev vm0
      ip address add fd77:5::1/64 dev vm0 nodad
      ip route add 10.97.0.0/16 via 10.77.3.1
      ip route add fd97::/32 via fd77:3::1
      ip route add 10.77.6.0/24 via 10.77.5.2
      ip route add fd77:6::/64 via fd77:5::2
      """
    ).checked()
    try machine.shell(
      """
      ip address add 10.77.5.2/24 dev eth0
      ip address add fd77:5::2/64 dev eth0 nodad
      ip address add 10.77.6.2/32 dev lo
      ip address add fd77:6::2/128 dev lo nodad
      ip route add default via 10.77.5.1
      ip route add default via fd77:5::1
      """
    ).checked()
    let table = Scratch.file(
      "anyone.nft",
      """
      table inet anyone {
        chain prerouting {
          type nat hook prerouting priority dstnat;
          meta l4proto { tcp, udp } redirect to :7
        }
      }
      """)
    try world.shell(
      """
      ip address add 10.77.3.1/24 dev eth1
      ip address add fd77:3::1/64 dev eth1 nodad
      for block in 10.97.0.0/16 10.99.0.0/16 fd97::/32 fd99::/32; do
        ip route add local $block dev lo
      done
      for block in 10.77.5.0/24 10.77.6.0/24; do ip route add $block via 10.77.1.2; done
      for block in fd77:5::/64 fd77:6::/64; do ip route add $block via fd77:1::2; done
      nft -f \(table)
      """
    ).checked()
  }

  /// Tries all of them at the same time and returns what became of each, in their order.
  func attempt(_ probes: [Probe]) throws(TestNetworkError) -> [String] {
    var answers = [String](repeating: "", count: probes.count)
    let begun = try Place.allCases.map { place throws(TestNetworkError) in
      let positions = probes.indices.filter { probes[$0].place == place }
      return (positions, try probers[place]?.begin(positions.map { probes[$0] }))
    }
    for (positions, end) in begun {
      for (position, answer) in zip(positions, try end?() ?? []) { answers[position] = answer }
    }
    return answers
  }
}

/// A process that sends packets as any user.
private final class Prober: Sendable {
  private let process: RunningProcess
  private let pipe: String

  init(_ place: NetworkNamespace) throws(TestNetworkError) {
    pipe = Scratch.makeDirectory("prober") + "/pipe"
    process = try place.start(["/usr/bin/python3", Scratch.script("crossroads.py"), "probe", pipe])
    try process.waitForLine("ready") { $0 == "ready" }
  }

  /// - Returns: what waits for the answers.
  func begin(
    _ probes: [Probe]
  ) throws(TestNetworkError) -> () throws(TestNetworkError) -> [String] {
    let before = process.lines.count
    do {
      let line = try JSONEncoder().encode(probes) + Data("\n".utf8)
      let writer = try FileHandle(forWritingTo: URL(fileURLWithPath: pipe))
      try writer.write(contentsOf: line)
      try writer.close()
    } catch {
      throw .command(process.command, status: 1, output: "\(error)\n" + process.errors)
    }
    return { [process] () throws(TestNetworkError) in
      let line = try process.waitForLines(before + 1, timeout: 20)[before]
      guard let answers = try? JSONDecoder().decode([String].self, from: Data(line.utf8)) else {
        throw .command(process.command, status: 1, output: line)
      }
      return answers
    }
  }
}
