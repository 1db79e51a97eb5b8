import Foundation
import TestNetwork
import Testing

/// A machine within the pod, behind `vm0`, whose traffic counts as the workload's.
@Suite("What passes through the pod", .enabled(if: Requirement.privileged))
struct TransitTests {
  /// The pod's document: the sidecar is real.
  private static func document(_ rest: String) -> String {
    """
    workspaceId: ws-test
    egress:
      allowlist: [{hostPattern: 10.77.2.66, port: 443}, {hostPattern: "fd77:2::66", port: 443}]
    capture:
      resolvers: [10.77.2.53, "fd77:2::53"]
      interfaces: {treatAsOutbound: [vm0]}\(rest)
    """
  }

  /// A captured pod that routes for 10.79.0.2 and fd79::2.
  private static func machine(in pod: CapturedPod) throws -> NetworkNamespace {
    let machine = try NetworkNamespace("vm")
    try NetworkNamespace.connect(machine, "eth0", pod.pod, "vm0")
    try pod.pod.forward()
    try pod.pod.addAddress("10.79.0.1/24", to: "vm0")
    try pod.pod.addAddress("fd79::1/64", to: "vm0")
    try machine.addAddress("10.79.0.2/24", to: "eth0")
    try machine.addAddress("fd79::2/64", to: "eth0")
    try machine.ip("route", "add", "default", "via", "10.79.0.1")
    try machine.ip("-6", "route", "add", "default", "via", "fd79::1")
    try pod.router.ip("route", "add", "10.79.0.0/24", "via", PodNetwork.podAddress4)
    try pod.router.ip("-6", "route", "add", "fd79::/64", "via", PodNetwork.podAddress6)
    return machine
  }

  @Test("A machine in the pod is captured like the workload, which is captured as before")
  func captured() throws {
    let pod = try CapturedPod(applied: false)
    let machine = try Self.machine(in: pod)
    try pod.apply(Self.document(""))
    let sidecar = try Sidecar(in: pod.pod, document: Self.document(""))
    let servers = try CapturedPod.servers(
      in: machine, tcp: ["0.0.0.0 9000", ":: 9000"], udp: ["10.79.0.2 9000", "fd79::2 9000"])
    for place in [machine, pod.pod] {
      try Attempt.expect(
        [
          ("tcp 10.77.2.66 443", "connected: direct 10.77.1.2 to 10.77.2.66 443: hello"),
          ("tcp fd77:2::66 443", "connected: direct fd77:1::2 to fd77:2::66 443: hello"),
          ("tcp 10.77.2.53 443", "error ECONNRESET"),
          ("tcp fd77:2::53 443", "error ECONNRESET"),
        ], in: place)
    }
    #expect(try pod.wire().forged == 0)
    try Attempt.expect(
      [
        ("udp 10.77.2.66 443 --connected --ask", "error EHOSTUNREACH"),
        ("udp fd77:2::66 443 --connected --ask", "error EACCES"),
        ("ping 10.77.2.66 --timeout 0.3", "silent"),
        ("tcp 10.79.0.1 15000 --timeout 0.3", "silent"),
        ("tcp fd79::1 15001 --timeout 0.3", "silent"),
      ], in: machine)
    #expect(try pod.wire().forged == 0)
    try Attempt.expect(
      [
        ("udp 10.77.2.53 53 --ask", "answer: 5 bytes"),
        ("tcp fd77:2::53 53", "connected: direct fd79::2 to fd77:2::53 53: hello"),
      ], in: machine)
    try Attempt.expect(
      [
        ("tcp 10.79.0.2 9000", "connected: direct 10.77.2.1 to 10.79.0.2 9000: hello"),
        ("udp 10.79.0.2 9000 --ask", "answer: 5 bytes"),
        ("udp fd79::2 9001 --connected --ask", "error ECONNREFUSED"),
      ], in: pod.network.world)
    #expect(try pod.probe("udp 10.77.2.66 443") == "error EPERM")
    withExtendedLifetime((sidecar, servers)) {}
  }

  @Test("A machine in the pod that forges its source gets nothing out")
  func forgedSource() throws {
    let pod = try CapturedPod(applied: false)
    let machine = try Self.machine(in: pod)
    try pod.apply(Self.document(""))
    let sidecar = try Sidecar(in: pod.pod, document: Self.document(""))
    let server = try CapturedPod.servers(
      in: pod.pod, as: .unprivileged(1001), udp: ["fd79::1 8080"])
    for rest in [
      "udp fd79::1 8080", "udp fd79::1 7777", "udp fd77:2::80 7777 --hops 1",
      "tcp fd79::1 7777 --timeout 0.2", "tcp fd77:2::66 443 --timeout 0.2",
    ] {
      let forged = "\(rest) --freebind --source \(CapturedPod.evil6) --source-port 4433"
      _ = try Attempt.run(forged, in: machine)
    }
    #expect(try pod.wire() == .nothing)
    withExtendedLifetime((sidecar, server)) {}
  }

  @Test("TCP of a machine in the pod that isn't captured is refused at once, not left waiting")
  func refused() throws {
    let pod = try CapturedPod(applied: false)
    let machine = try Self.machine(in: pod)
    let older = try Attempt.start("hold 10.77.2.66 443", in: machine)
    _ = try older.waitForLines(1)
    try pod.apply(Self.document("\n  outbound: {includePorts: [8443]}"))
    try Attempt.expect(
      [
        ("tcp 10.77.2.66 443 --timeout 1", "error ECONNREFUSED"),
        ("tcp fd77:2::66 443 --timeout 1", "error ECONNREFUSED"),
        // Captured, and no sidecar is there.
        ("tcp 10.77.2.66 8443 --timeout 1", "error ECONNREFUSED"),
      ], in: machine)
    older.signal(SIGUSR1)
    #expect(try older.wait().lines.last == "error ECONNRESET")
    // Nobody else gets such a reset: the workload can't send in another's name.
    #expect(
      try pod.probe("udp fd79::2 9000 --source fd77:2::66 --freebind") != "answer: 5 bytes")
  }
}
