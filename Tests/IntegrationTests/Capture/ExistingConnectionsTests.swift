import Foundation
import TestNetwork
import Testing

/// What apply does with TCP connections that are older than the rules.
@Suite("Connections that are older than the rules", .enabled(if: Requirement.privileged))
struct ExistingConnectionsTests {
  static let keeping = """
    workspaceId: ws-test
    capture:
      resolvers: ["\(CapturedPod.resolver4)", "\(CapturedPod.resolver6)"]
      existingConnections: keep
    """

  static let addresses = [
    CapturedPod.evil4, CapturedPod.evil6, "\(CapturedPod.evil4) --mapped",
  ]

  /// The arguments of a probe to port 443: `--mapped` stands behind the port.
  private func target(_ address: String) -> String {
    let words = address.split(separator: " ")
    return ([String(words[0]), "443"] + words.dropFirst().map(String.init)).joined(separator: " ")
  }

  private func apply(_ pod: CapturedPod, _ document: String) throws -> String {
    try InitContainer.run("apply", in: pod.pod, document: document, as: .initContainer).checked()
      .output
  }

  @Test("Cut: a program that waits to hear something learns of it at once", arguments: addresses)
  func cutWhileWaiting(address: String) throws {
    let pod = try CapturedPod(applied: false)
    let client = try pod.startProbe("late \(target(address))")
    _ = try client.waitForLines(1)
    client.signal(SIGUSR1)
    #expect(try apply(pod, CapturedPod.document).hasSuffix("; cut 1 older connection\n"))
    #expect(try client.waitForLines(2).last == "error ECONNABORTED")
  }

  @Test("Cut: a server's connections from outside end, and it goes on listening")
  func cutInbound() throws {
    let pod = try CapturedPod(applied: false)
    let server = try CapturedPod.servers(
      in: pod.pod, as: .unprivileged(1001), tcp: ["0.0.0.0 8080", ":: 8080"])
    let clients = try ["10.77.1.2", "fd77:1::2"].map {
      try pod.startProbe("hold \($0) 8080", in: pod.network.world)
    }
    for client in clients { _ = try client.waitForLines(1) }
    #expect(try apply(pod, CapturedPod.document).hasSuffix("; cut 2 older connections\n"))
    for _ in clients {
      try server.waitForLine("the end of a connection") {
        $0.hasPrefix("lost") && $0.hasSuffix("103")
      }
    }
    for address in ["10.77.1.2", "fd77:1::2"] {
      #expect(
        try pod.probe("tcp \(address) 8080", in: pod.network.world).hasPrefix("connected: direct"))
    }
  }

  @Test("Cut: what stays in the pod, the proxy's, and what began under the rules lives on")
  func notCut() throws {
    let pod = try CapturedPod(applied: false)
    let local = try CapturedPod.servers(
      in: pod.pod, as: .unprivileged(1001), tcp: ["0.0.0.0 8080", ":: 8080"])
    let proxy = try pod.startProxy()
    let older = try [
      ("127.0.0.1 8080", User.workload), ("::1 8080", .workload), ("10.77.1.2 8080", .workload),
      ("fd77:1::2 8080", .workload), ("10.77.2.66 443", .proxy), ("fd77:2::66 443", .proxy),
    ].map { try pod.startProbe("hold \($0.0)", as: $0.1) }
    for flow in older { _ = try flow.waitForLines(1) }
    #expect(!(try apply(pod, CapturedPod.document)).contains("cut"))
    let captured = try ["10.77.2.66 443", "fd77:2::66 443", "10.77.2.53 53"].map {
      try pod.startProbe("hold \($0)")
    }
    let inbound = try pod.startProbe("hold 10.77.1.2 8080", in: pod.network.world)
    let flows = older + captured + [inbound]
    for flow in flows { _ = try flow.waitForLines(1) }
    #expect(!(try apply(pod, CapturedPod.document)).contains("cut"))
    for flow in flows {
      flow.signal(SIGUSR1)
      #expect(try flow.waitForLines(2).last?.hasPrefix("1: ") == true)
    }
    withExtendedLifetime((local, proxy)) {}
  }

  @Test(
    "Keep: they go on in both directions, whether conntrack knew them or not; new ones are captured",
    arguments: [true, false])
  func keep(tracked: Bool) throws {
    let pod = try CapturedPod(applied: false)
    if tracked { try track(pod.pod) }
    let server = try CapturedPod.servers(
      in: pod.pod, as: .unprivileged(1001), tcp: ["0.0.0.0 8080"])
    let proxy = try pod.startProxy()
    let talking = try Self.addresses.map { try pod.startProbe("hold \(target($0))") }
    let listening = try Self.addresses.map { try pod.startProbe("late \(target($0))") }
    let inbound = try pod.startProbe("hold 10.77.1.2 8080", in: pod.network.world)
    for flow in talking + listening + [inbound] { _ = try flow.waitForLines(1) }

    #expect(try apply(pod, Self.keeping).hasSuffix("; kept 7 older connections\n"))
    // Those that were kept are not kept again, and none is cut.
    #expect(!(try apply(pod, Self.keeping)).contains("older"))
    for flow in talking + [inbound] {
      flow.signal(SIGUSR1)
      #expect(try flow.waitForLines(2).last?.hasPrefix("1: direct ") == true)
    }
    // The server speaks first.
    pod.world.signal(SIGUSR1)
    for flow in listening {
      flow.signal(SIGUSR1)
      #expect(try flow.waitForLines(3).dropFirst() == ["received", "received"])
    }
    #expect(try pod.probe("tcp 10.77.2.66 443").hasPrefix("connected: captured"))
    #expect(try pod.probe("tcp fd77:2::66 443").hasPrefix("connected: captured"))

    // Until a document says otherwise: `late` is over, but for its last words.
    let cut = try apply(pod, CapturedPod.document)
    #expect(cut.contains("; cut "))
    for flow in talking {
      flow.signal(SIGUSR1)
      try flow.waitForLine("its end") { $0 == "error ECONNABORTED" }
    }
    withExtendedLifetime((server, proxy)) {}
  }

  @Test("Keep: a captured connection that conntrack has forgotten is no older one")
  func forgottenIsNotOlder() throws {
    let pod = try CapturedPod(applied: false)
    _ = try apply(pod, Self.keeping)
    let proxy = try pod.startProxy()
    let client = try pod.startProbe("hold 10.77.2.66 443")
    _ = try client.waitForLines(1)
    let before = try pod.wire()
    // As conntrack does by itself a minute after one side has ended it.
    try pod.pod.shell("conntrack -D -p tcp -d 10.77.2.66").checked()
    #expect(!(try apply(pod, Self.keeping)).contains("kept"))
    client.signal(SIGUSR1)
    // It is redirected anew.
    let line = try client.waitForLines(2).last ?? ""
    #expect(line.hasPrefix("1: captured"), "\(line)")
    #expect(try pod.wire() == before)
    withExtendedLifetime(proxy) {}
  }

  @Test("Keep: the ports of one that is kept open no other way")
  func keptPortsBeginNothing() throws {
    let pod = try CapturedPod(applied: false)
    let first = try pod.startProbe("hold 10.77.2.66 443 --source-port 40000")
    _ = try first.waitForLines(1)
    _ = try apply(pod, Self.keeping)
    first.stop()
    let before = try pod.wire()
    let answer = try pod.probe("tcp 10.77.2.66 443 --source-port 40000 --timeout 1")
    #expect(answer.hasPrefix("error "))
    #expect(try pod.probe("udp 10.77.2.66 443 --source-port 40000") == "error EPERM")
    #expect(try pod.wire() == before)
  }

  @Test("A gateway keeps what it forwards if it is told to, and otherwise refuses it")
  func gateway() throws {
    for word in ["keep", "cut"] {
      let pod = try CapturedPod(applied: false)
      try track(pod.router)
      let flows = try [CapturedPod.evil4, CapturedPod.evil6].map {
        try pod.startProbe("hold \($0) 443")
      }
      // The gateway's own are none of its business.
      let own = try pod.startProbe("hold 10.77.2.66 443", in: pod.router)
      for flow in flows + [own] { _ = try flow.waitForLines(1) }
      let output = try InitContainer.run(
        "apply", in: pod.router,
        document: """
          workspaceId: ws-test
          capture:
            mode: gateway
            gateway: {sources: ["10.77.1.0/24", "fd77:1::/64"], interfaces: [pod0]}
            resolvers: []
            existingConnections: \(word)
          """
      ).checked().output
      #expect(output.contains("; kept 2 older connections") == (word == "keep"))
      for flow in flows + [own] { flow.signal(SIGUSR1) }
      for flow in flows {
        let line = try flow.waitForLines(2).last
        #expect(line?.hasPrefix(word == "keep" ? "1: direct" : "error ECONNRESET") == true)
      }
      #expect(try own.waitForLines(2).last?.hasPrefix("1: direct") == true)
    }
  }

  /// Makes conntrack look at the packets of a namespace, as any rule that asks about it does.
  private func track(_ place: NetworkNamespace) throws {
    try place.shell(
      """
      nft add table inet tracking
      nft add chain inet tracking output '{ type filter hook output priority 0; }'
      nft add chain inet tracking forward '{ type filter hook forward priority 0; }'
      nft add rule inet tracking output ct state new counter
      nft add rule inet tracking forward ct state new counter
      """
    ).checked()
  }
}
