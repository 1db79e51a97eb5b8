import Foundation
import TestNetwork
import Testing

/// What `verify` says of a pod, as the validation container runs it.
@Suite("verify tells whether the rules hold", .enabled(if: Requirement.privileged))
struct VerifyTests {
  private func verify(
    _ pod: CapturedPod, _ document: String = CapturedPod.document, as user: User = .workload,
    json: Bool = false
  ) throws -> Finished {
    try pod.pod.run(
      [
        try Binary.initContainer.path, "verify", "--config", Scratch.file("config.yaml", document),
      ] + (json ? ["--json"] : []), as: user)
  }

  @Test("Verified: with nothing but its uid, with NET_ADMIN, beside a sidecar or without one")
  func verified() throws {
    let pod = try CapturedPod()
    for sidecar in [false, true] {
      let proxy = sidecar ? try pod.startProxy() : nil
      let plain = try verify(pod)
      #expect(plain.status == 0, "\(plain.output)")
      for line in [
        "not permitted: the rules are those of the document: reading them needs CAP_NET_ADMIN",
        "ok: TCP is captured over IPv4", "ok: TCP is captured over IPv6",
        "ok: UDP is refused over IPv4", "ok: UDP is refused over IPv6",
      ] { #expect(plain.lines.contains(line), "\(plain.output)") }
      #expect(!plain.output.contains("warning"))
      let admin = try verify(pod, as: .initContainer)
      #expect(admin.status == 0, "\(admin.output)")
      #expect(admin.lines.first == "ok: the rules are those of the document")
      proxy?.stop()
    }
    let json = try verify(pod, json: true).output
    #expect(json.hasPrefix("{\"verified\":true,"))
    #expect(try pod.wire() == .nothing)
  }

  @Test("Not verified without rules, within five seconds, even if nothing answers")
  func absent() throws {
    let pod = try CapturedPod(applied: false)
    let begin = Date()
    let finished = try verify(pod)
    #expect(finished.status == 1)
    #expect(Date().timeIntervalSince(begin) < 5 * Sanitizer.patience)
    #expect(finished.output.contains("failed: TCP is captured over IPv4: "))
    #expect(finished.output.contains("failed: UDP is refused over IPv6: a datagram to"))
    #expect(finished.lines.last == "not verified")
    let admin = try verify(pod, as: .initContainer)
    #expect(admin.output.hasPrefix("failed: the rules are those of the document: "))
  }

  @Test(
    "Not verified where one redirect is gone, or other rules come first", arguments: [true, false])
  func broken(sidecar: Bool) throws {
    for breakage in [
      // The last rule of the chain redirects.
      """
      handle=$(nft -a list chain inet portarium nat_output | grep 'redirect to' | sed 's/.*handle //')
      nft delete rule inet portarium nat_output handle $handle
      """,
      """
      nft add table ip other
      nft add chain ip other output '{ type nat hook output priority -150; }'
      nft add rule ip other output meta l4proto tcp ip daddr 192.0.2.0/24 dnat to 127.0.0.1:9999
      """,
    ] {
      let pod = try CapturedPod()
      let proxy = sidecar ? try pod.startProxy() : nil
      let other = try CapturedPod.servers(
        in: pod.pod, as: .unprivileged(1001), tcp: ["127.0.0.1 9999"])
      try pod.pod.shell(breakage).checked()
      let finished = try verify(pod)
      #expect(finished.status == 1, "\(finished.output)")
      #expect(finished.output.contains("failed: TCP is captured over IPv4: "))
      withExtendedLifetime((proxy, other)) {}
    }
  }

  @Test("Without a route of one family that family is skipped")
  func oneFamily() throws {
    let pod = try CapturedPod()
    try pod.pod.shell("sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1").checked()
    let finished = try verify(pod)
    #expect(finished.status == 0, "\(finished.output)")
    #expect(finished.lines.contains("skipped: TCP is captured over IPv6: there is no route"))
    #expect(finished.lines.contains("ok: TCP is captured over IPv4"))
  }

  @Test("Ports that the document doesn't include are tried too")
  func included() throws {
    let pod = try CapturedPod(applied: false)
    let document = """
      workspaceId: ws-test
      capture: {resolvers: [], outbound: {includePorts: [8443, "9000-9009"]}}
      """
    try pod.apply(document)
    let finished = try verify(pod, document)
    #expect(finished.status == 0, "\(finished.output)")
    #expect(finished.lines.contains("ok: TCP that isn't included is refused over IPv4"))
    #expect(finished.lines.contains("ok: TCP is captured over IPv6"))
    // With a document that was never applied.
    #expect(
      try verify(pod, document.replacingOccurrences(of: "8443", with: "443")).status == 1)
  }

  @Test("The proxy's own uid can't tell: exit 3, unless the rules may be read")
  func proxyUID() throws {
    let pod = try CapturedPod()
    let finished = try verify(pod, as: .proxy)
    #expect(finished.status == 3)
    #expect(finished.output.contains("this process has the proxy's uid 1337"))
  }

  @Test("It warns of rights that a workload shouldn't have")
  func warnings() throws {
    let pod = try CapturedPod()
    let finished = try verify(pod, as: .rawSockets)
    #expect(finished.status == 0)
    #expect(finished.output.contains("warning: this container may have CAP_NET_RAW"))
    #expect(!finished.output.contains("CAP_SETUID"))
    #expect(try verify(pod, as: .root).output.contains("CAP_SETUID"))
  }

  @Test("A gateway's rules are compared; others' packets can't be made")
  func gateway() throws {
    let pod = try CapturedPod(applied: false)
    let document = """
      workspaceId: ws-test
      capture:
        mode: gateway
        gateway: {sources: ["10.77.1.0/24"], interfaces: [pod0]}
        resolvers: []
      """
    let run = { (user: User) throws in
      try pod.router.run(
        [
          try Binary.initContainer.path, "verify", "--config",
          Scratch.file("config.yaml", document),
        ], as: user)
    }
    #expect(try run(.initContainer).status == 1)
    try InitContainer.run("apply", in: pod.router, document: document).checked()
    let finished = try run(.initContainer)
    #expect(finished.status == 0, "\(finished.output)")
    #expect(finished.output.contains("skipped: traffic of others is captured"))
    #expect(try run(.workload).status == 3)
  }
}
