import Foundation
import TestNetwork
import Testing

/// Connections that live through what happens to the rules, and after their socket.
@Suite("Connections keep their judgement", .enabled(if: Requirement.privileged))
struct FlowTests {
  @Test("Five applies in a row disturb neither captured nor inbound connections")
  func reapply() throws {
    let pod = try CapturedPod()
    let proxy = try pod.startProxy()
    let server = try CapturedPod.servers(
      in: pod.pod, as: .unprivileged(1001), tcp: ["0.0.0.0 8080", ":: 8080"])
    let flows = [
      try pod.startProbe("hold 10.77.2.66 443"),
      try pod.startProbe("hold fd77:2::66 443"),
      try pod.startProbe("hold 10.77.2.66 443", as: .proxy),
      try pod.startProbe("hold fd77:2::66 443", as: .proxy),
      try pod.startProbe("hold 10.77.2.53 53"),
      try pod.startProbe("hold 10.77.1.2 8080", in: pod.network.world),
      try pod.startProbe("hold fd77:1::2 8080", in: pod.network.world),
    ]
    for flow in flows { _ = try flow.waitForLines(1) }
    for round in 1...5 {
      try pod.apply()
      for flow in flows {
        flow.signal(SIGUSR1)
        let lines = try flow.waitForLines(round + 1)
        #expect(lines[round].hasPrefix("\(round): "))
      }
    }
    withExtendedLifetime((proxy, server)) {}
  }

  @Test(
    "The last acknowledgement of a closed connection of the proxy's arrives",
    arguments: [CapturedPod.evil4, CapturedPod.evil6])
  func timeWait(address: String) throws {
    let pod = try CapturedPod()
    // The client closes first. The server's FIN then meets a socket that is gone but for its
    // TIME_WAIT entry: the ACK has no uid. Without it the server stays in LAST_ACK for minutes.
    let answer = try pod.probe("tcp \(address) 443", as: .proxy)
    #expect(answer.hasPrefix("connected: direct "))
    try pod.world.waitForLine("closed") { $0.hasPrefix("closed ") }
    try pod.world.wait(for: "no socket of the server in LAST_ACK", timeout: 3, recheck: 0.01) {
      _ in CapturedPod.lastAckCount(in: pod.world) == 0 ? () : nil
    }
    #expect(try pod.counter(ofRuleWith: "reject with tcp reset", in: "refuse") == 0)
  }

  @Test(
    "A connection that is older than the rules is cut, whoever speaks first",
    arguments: [
      (CapturedPod.evil4, true), (CapturedPod.evil4, false), (CapturedPod.evil6, true),
      (CapturedPod.evil6, false),
    ])
  func olderConnections(address: String, serverSpeaksFirst: Bool) throws {
    let pod = try CapturedPod(applied: false)
    let client = try pod.startProbe(
      serverSpeaksFirst ? "late \(address) 443" : "hold \(address) 443")
    _ = try client.waitForLines(1)
    try pod.apply()
    let before = pod.world.lines.count { $0.hasPrefix("line") }
    // `late` asked the server to speak once it is told to; `hold` speaks itself.
    if serverSpeaksFirst {
      pod.world.signal(SIGUSR1)
    }
    client.signal(SIGUSR1)
    try client.waitForLine("the end of the connection") { $0.hasPrefix("error") || $0 == "closed" }
    #expect(pod.world.lines.count { $0.hasPrefix("line") } == before)
  }

  @Test("A UDP flow that is older than the rules ends with them")
  func olderDatagrams() throws {
    let pod = try CapturedPod(applied: false)
    #expect(try pod.probe("udp 10.77.2.66 443 --source-port 40000 --ask") == "answer: 5 bytes")
    #expect(try pod.probe("udp fd77:2::66 443 --source-port 40000 --ask") == "answer: 5 bytes")
    try pod.apply()
    let before = try pod.wire()
    #expect(try pod.probe("udp 10.77.2.66 443 --source-port 40000") == "error EPERM")
    #expect(try pod.probe("udp fd77:2::66 443 --source-port 40000") == "error EPERM")
    #expect(try pod.wire() == before)
  }

  @Test("A resolver that a later apply doesn't name is cut off at once, in the same flow too")
  func withdrawnResolver() throws {
    let pod = try CapturedPod()
    let query = "udp 10.77.2.53 53 --source-port 40000"
    #expect(try pod.probe("\(query) --ask") == "answer: 5 bytes")
    try pod.apply(
      """
      workspaceId: ws-test
      capture: {resolvers: ["\(CapturedPod.resolver6)"]}
      """)
    #expect(try pod.probe(query) == "error EPERM")
    #expect(try pod.probe("udp fd77:2::53 53 --ask") == "answer: 5 bytes")
  }

  @Test("A late answer of a resolver's learns that nobody waits for it any more")
  func lateAnswer() throws {
    let pod = try CapturedPod()
    #expect(try pod.probe("udp 10.77.2.53 53 --source-port 40000 --ask") == "answer: 5 bytes")
    #expect(
      try pod.probe(
        "udp 10.77.1.2 40000 --source 10.77.2.53 --source-port 53 --connected --ask", as: .root,
        in: pod.network.world) == "error ECONNREFUSED")
  }
}
