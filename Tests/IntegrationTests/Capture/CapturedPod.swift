import Foundation
import TestNetwork

/// A pod behind a router, captured by portarium-init, with a stand-in for the sidecar that says
/// where each connection was meant to go, and a world that answers.
///
///     pod 10.77.1.2 ── router ── world 10.77.2.53 (resolver), .66 (evil), .1 (a client)
///
/// What the pod puts on the wire is counted where the router receives it, below every hook of its
/// own.
final class CapturedPod: Sendable {
  let network: PodNetwork
  let world: RunningProcess
  var pod: NetworkNamespace { network.pod }
  var router: NetworkNamespace { network.router! }

  static let resolver4 = "10.77.2.53"
  static let resolver6 = "fd77:2::53"
  /// Where nothing that the proxy didn't send may arrive.
  static let evil4 = "10.77.2.66"
  static let evil6 = "fd77:2::66"
  /// The same, with nobody there: nothing answers, not even a refusal.
  static let silent4 = "10.77.2.99"

  static let document = """
    workspaceId: ws-test
    capture:
      proxyUID: 1337
      resolvers: ["\(resolver4)", "\(resolver6)"]
    """

  /// - Parameter applied: false leaves the pod uncaptured.
  init(applied: Bool = true) throws(TestNetworkError) {
    network = try PodNetwork(hasRouter: true)
    try network.serve(Self.resolver4, Self.resolver6, Self.evil4, Self.evil6)
    world = try Self.servers(
      in: network.world,
      tcp: ["0.0.0.0 443", ":: 443", "\(Self.resolver4) 53", "\(Self.resolver6) 53"],
      udp: [Self.resolver4, Self.resolver6, Self.evil4, Self.evil6].flatMap {
        ["\($0) 53", "\($0) 443"]
      })
    try watchWire()
    if applied { try apply() }
  }

  /// Programs the pod; throws what portarium-init says where it doesn't succeed.
  func apply(_ document: String = CapturedPod.document) throws(TestNetworkError) {
    try InitContainer.run("apply", in: pod, document: document).checked()
  }

  // MARK: Servers

  /// Starts servers and waits until they listen. Each is `ADDRESS PORT`.
  static func servers(
    in namespace: NetworkNamespace, as user: User = .root, tcp: [String] = [], udp: [String] = [],
    original: Bool = false
  ) throws(TestNetworkError) -> RunningProcess {
    var command = ["/usr/bin/python3", Scratch.script("servers.py")]
    for (flag, listeners) in [("--tcp", tcp), ("--udp", udp)] {
      for listener in listeners {
        command.append(flag)
        command += listener.split(separator: " ").map(String.init)
      }
    }
    if original { command.append("--original") }
    let process = try namespace.start(command, as: user)
    try process.waitForLine("ready") { $0 == "ready" }
    return process
  }

  /// Listens where the sidecar does, as its uid.
  func startProxy() throws(TestNetworkError) -> RunningProcess {
    try Self.servers(
      in: pod, as: .proxy, tcp: ["127.0.0.1 15001", "::1 15001"], original: true)
  }

  // MARK: What the workload tries

  /// Runs `probe.py` inside the pod and returns the line it prints.
  func probe(
    _ arguments: String, as user: User = .workload, in namespace: NetworkNamespace? = nil
  ) throws(TestNetworkError) -> String {
    try startProbe(arguments, as: user, in: namespace).wait().checked().lines.last ?? ""
  }

  func startProbe(
    _ arguments: String, as user: User = .workload, in namespace: NetworkNamespace? = nil
  ) throws(TestNetworkError) -> RunningProcess {
    try (namespace ?? pod).start(
      ["/usr/bin/python3", Scratch.script("probe.py")]
        + arguments.split(separator: " ").map(String.init), as: user)
  }

  /// Makes the way between pod and world narrower than both ends know: the router must say so.
  func narrow(to mtu: Int) throws(TestNetworkError) {
    try router.shell(
      """
      ip route change 10.77.1.0/24 dev pod0 mtu lock \(mtu)
      ip route change 10.77.2.0/24 dev world0 mtu lock \(mtu)
      ip -6 route replace fd77:1::/64 dev pod0 metric 256 mtu lock \(mtu)
      ip -6 route replace fd77:2::/64 dev world0 metric 256 mtu lock \(mtu)
      """
    ).checked()
  }

  // MARK: What was on the wire

  /// Packets that left the pod, by what they were.
  struct Wire: Equatable, CustomStringConvertible {
    /// To the addresses where nothing of the workload's may arrive.
    var evil = 0
    /// To 127.0.0.0/8 or ::1.
    var loopback = 0
    /// To a group or to everybody, beyond what IPv6 itself needs.
    var group = 0
    /// From an address that is not the pod's.
    var forged = 0

    static let nothing = Wire()
    var description: String {
      "evil: \(evil), loopback: \(loopback), group: \(group), forged: \(forged)"
    }
  }

  /// What has left the pod so far. Asks the resolver first: that answer passed the same wire, so
  /// whatever was sent before is counted.
  func wire() throws(TestNetworkError) -> Wire {
    let answer = try probe("udp \(Self.resolver4) 53 --ask", as: .proxy)
    guard answer == "answer: 5 bytes" else {
      throw .command(["ask the resolver"], status: 1, output: answer)
    }
    return try wireNow()
  }

  /// ICMP errors that have left the pod so far.
  func icmpErrors() throws(TestNetworkError) -> Int { try packets("icmp_errors") }

  /// Packets with a source route that have left the pod so far.
  func sourceRouted() throws(TestNetworkError) -> Int { try packets("source_routed") }

  private func wireNow() throws(TestNetworkError) -> Wire {
    Wire(
      evil: try packets("evil"), loopback: try packets("loopback"), group: try packets("group"),
      forged: try packets("forged"))
  }

  private func packets(_ counter: String) throws(TestNetworkError) -> Int {
    let text = try router.run(["nft", "list", "counter", "netdev", "watch", counter]).checked()
    guard let count = Self.packets(in: text.output) else {
      throw .command(text.command, status: 0, output: text.output)
    }
    return count
  }

  /// How many packets a rule of ours has counted: the only one of the chain that holds the text.
  func counter(ofRuleWith text: String, in chain: String) throws(TestNetworkError) -> Int? {
    let finished = try pod.run(["nft", "list", "chain", "inet", "portarium", chain]).checked()
    let lines = finished.output.split(separator: "\n").filter { $0.contains(text) }
    guard lines.count == 1 else {
      throw .command(finished.command, status: 0, output: finished.output)
    }
    return Self.packets(in: String(lines[0]))
  }

  /// The number behind the first `packets`.
  private static func packets(in text: String) -> Int? {
    let words = text.split { $0 == " " || $0 == "\n" || $0 == "\t" }
    return words.firstIndex(of: "packets").flatMap { Int(words[$0 + 1]) }
  }

  /// TCP sockets that wait for the last acknowledgement, in the namespace of a process.
  static func lastAckCount(in process: RunningProcess) -> Int {
    ["tcp", "tcp6"].reduce(0) { sum, name in
      let text = try? String(contentsOfFile: "/proc/\(process.pid)/net/\(name)", encoding: .utf8)
      let states = (text ?? "").split(separator: "\n").dropFirst().map {
        $0.split(separator: " ")[3]
      }
      return sum + states.count { $0 == "09" }
    }
  }

  /// The ingress hook of the device sees frames that the IP layer throws away at once, such as
  /// those to ::1.
  private func watchWire() throws(TestNetworkError) {
    let table = """
      table netdev watch {
        counter evil {}
        counter loopback {}
        counter group {}
        counter forged {}
        counter icmp_errors {}
        counter source_routed {}
        chain ingress {
          type filter hook ingress device "pod0" priority 0; policy accept;
          icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, \
      mld-listener-report, mld2-listener-report, mld-listener-done } accept
          icmp type destination-unreachable counter name icmp_errors
          ip option lsrr exists counter name source_routed
          ip option ssrr exists counter name source_routed
          exthdr rt exists counter name source_routed
          ip daddr { \(Self.evil4), \(Self.silent4) } counter name evil
          ip6 daddr \(Self.evil6) counter name evil
          ip daddr 127.0.0.0/8 counter name loopback
          ip6 daddr ::1 counter name loopback
          ip daddr { 224.0.0.0/4, 255.255.255.255, 10.77.1.255 } counter name group
          ip6 daddr ff00::/8 counter name group
          ip saddr != \(PodNetwork.podAddress4) counter name forged
          ip6 saddr != { \(PodNetwork.podAddress6), fe80::/10 } counter name forged
        }
      }
      """
    try router.run(["nft", "-f", Scratch.file("watch.nft", table)]).checked()
  }
}
