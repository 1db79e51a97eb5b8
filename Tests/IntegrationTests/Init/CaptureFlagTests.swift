import Foundation
import TestNetwork
import Testing

/// The flags of portarium-init, as they are typed.
@Suite("Flags stand for the document's keys")
struct CaptureFlagTests {
  /// Every port and every key of `capture:`, each wrong in a way that its own reader refuses.
  static let wrongDocument = """
    workspaceId: w
    egress: {allowlist: [{hostPattern: a.example}]}
    proxyPort: wrong
    inboundPort: wrong
    adminPort: wrong
    healthPort: wrong
    dnsPort: wrong
    capture:
      mode: wrong
      proxyUID: wrong
      proxyGID: wrong
      workloadUIDs: wrong
      outbound: {includePorts: wrong, excludePorts: wrong, includeCIDRs: wrong, excludeCIDRs: wrong}
      inbound: {redirect: wrong, includePorts: wrong, excludePorts: wrong}
      resolvers: wrong
      dns: wrong
      nonTCP: wrong
      interfaces: {exclude: wrong!/, treatAsOutbound: wrong!/}
      loopbackCIDRs: wrong
      gateway: {sources: wrong, interfaces: wrong!/, method: wrong}
      dropInvalid: wrong
      existingConnections: wrong
      mark: {value: wrong, mask: wrong}
      rawFrames: wrong
    """

  static let flags: [(arguments: [String], key: String)] = [
    (["--proxy-port", "16001"], "proxyPort"), (["--inbound-port", "16002"], "inboundPort"),
    (["--admin-port", "16003"], "adminPort"), (["--health-port", "16004"], "healthPort"),
    (["--dns-port", "16005"], "dnsPort"), (["--mode", "gateway"], "capture.mode"),
    (["--proxy-uid", "2000,2001"], "capture.proxyUID"),
    (["--proxy-gid", "2000"], "capture.proxyGID"),
    (["--workload-uids", "0,1000"], "capture.workloadUIDs"),
    (["--outbound-ports-to-include", "80,443"], "capture.outbound.includePorts"),
    (["--outbound-ports-to-exclude", "22"], "capture.outbound.excludePorts"),
    (["--outbound-cidrs-to-include", "10.0.0.0/8"], "capture.outbound.includeCIDRs"),
    (["--outbound-cidrs-to-exclude", "fd00::/8"], "capture.outbound.excludeCIDRs"),
    (["--redirect-inbound"], "capture.inbound.redirect"),
    (["--no-redirect-inbound"], "capture.inbound.redirect"),
    (["--inbound-ports-to-include", "80"], "capture.inbound.includePorts"),
    (["--inbound-ports-to-exclude", "9000-9001"], "capture.inbound.excludePorts"),
    (["--resolvers", "10.0.0.53"], "capture.resolvers"), (["--redirect-dns"], "capture.dns"),
    (["--no-redirect-dns"], "capture.dns"), (["--non-tcp", "drop"], "capture.nonTCP"),
    (["--exclude-interfaces", "eth1"], "capture.interfaces.exclude"),
    (["--kube-virt-interfaces", "virbr*"], "capture.interfaces.treatAsOutbound"),
    (["--loopback-cidrs", "127.0.0.1"], "capture.loopbackCIDRs"),
    (["--gateway-sources", "10.1.0.0/16"], "capture.gateway.sources"),
    (["--gateway-interfaces", "eth2"], "capture.gateway.interfaces"),
    (["--gateway-method", "tproxy"], "capture.gateway.method"),
    (["--drop-invalid"], "capture.dropInvalid"), (["--no-drop-invalid"], "capture.dropInvalid"),
    (["--existing-connections", "keep"], "capture.existingConnections"),
    (["--mark-value", "0x1000"], "capture.mark.value"),
    (["--mark-mask", "0xf000"], "capture.mark.mask"),
    (["--raw-frames", "ignore"], "capture.rawFrames"),
  ]

  private func plan(_ arguments: [String], document: String) throws -> Finished {
    let path = Scratch.path("flags-\(UUID().uuidString).yaml")
    try document.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try RunningProcess(
      [try Binary.initContainer.path, "plan", "--config", path] + arguments
    ).wait()
  }

  /// The keys whose values the document's readers refuse.
  private func refusedKeys(_ run: Finished) -> Set<String> {
    Set(
      run.errors.split(separator: "\n").compactMap { line in
        let parts = line.split(separator: ": ")
        return parts.count > 2 && line.contains("wrong") ? String(parts[2]) : nil
      })
  }

  @Test("each flag replaces its own key and no other, and every key has one")
  func wiring() throws {
    let before = refusedKeys(try plan([], document: Self.wrongDocument))
    #expect(before == Set(Self.flags.map(\.key)))
    for (arguments, key) in Self.flags {
      let run = try plan(arguments, document: Self.wrongDocument)
      #expect(run.status == 2)
      #expect(before.subtracting(refusedKeys(run)) == [key], "\(arguments)")
    }
  }

  @Test("the help says of each flag which key it stands for")
  func help() throws {
    let help = try RunningProcess([try Binary.initContainer.path, "plan", "--help"]).wait()
    for (arguments, key) in Self.flags {
      let name = arguments[0]
      let line = try #require(help.output.firstRange(of: name), "\(name)")
      #expect(help.output[line.upperBound...].prefix(200).contains("\(key): "), "\(name)")
    }
  }

  static let document = "workspaceId: w\negress: {allowlist: [{hostPattern: a.example}]}\n"

  @Test(
    "what a flag can't mean is one sentence, and exit code 2",
    arguments: [
      (
        ["--outbound-ports-to-exclude", "22,25-"], "--outbound-ports-to-exclude: must be two ports"
      ),
      (["--outbound-ports-to-exclude", "22,"], "--outbound-ports-to-exclude: there is a comma"),
      (["--outbound-ports-to-exclude", "70000"], "--outbound-ports-to-exclude: must be between 1"),
      (["--outbound-cidrs-to-exclude", "10.0.0.0/33"], "--outbound-cidrs-to-exclude: a prefix of"),
      (
        ["--outbound-cidrs-to-exclude", "::ffff:1.2.3.4/200"],
        "--outbound-cidrs-to-exclude: a prefix of IPv6 has 0 to 128 bits"
      ),
      (
        ["--exclude-interfaces", "eth0;drop"], "--exclude-interfaces: no interface's name may hold"
      ),
      (["--proxy-uid", "0"], "--proxy-uid: root (0) can't be the proxy's uid"),
      (["--proxy-gid", "0"], "--proxy-gid: root's group (0) can't be the proxy's gid"),
      (["--redirect-dns", "--no-redirect-dns"], "Value to be set with flag '--no-redirect-dns'"),
      (["--proxy-uids", "1"], "Unknown option '--proxy-uids'"),
    ])
  func refused(arguments: [String], sentence: String) throws {
    let run = try plan(arguments, document: Self.document)
    #expect(run.status == 2)
    #expect(run.output.isEmpty)
    #expect(run.errors.hasPrefix("portarium-init: \(sentence)"), "\(run.errors)")
  }

  @Test("flags show in the plan")
  func applied() throws {
    let run = try plan(
      ["--proxy-uid", "2000,2001", "--proxy-port", "16001", "--resolvers", ""],
      document: Self.document)
    #expect(run.status == 0)
    #expect(run.errors.isEmpty)
    #expect(run.output.contains("2000, 2001"))
    #expect(run.output.contains(":16001"))
  }

  @Test(
    "flags alone suffice where no document is and none was named",
    .enabled(if: !FileManager.default.fileExists(atPath: "/etc/portarium/config.yaml")))
  func flagsAlone() throws {
    let program = try Binary.initContainer.path
    let alone = try RunningProcess([program, "plan", "--proxy-uid", "2000"]).wait()
    #expect(alone.status == 0)
    #expect(alone.errors.isEmpty)
    #expect(alone.output.contains("2000"))
    let nothing = try RunningProcess([program, "plan"]).wait()
    #expect(nothing.status == 2)
    let named = try RunningProcess(
      [program, "plan", "--proxy-uid", "2000", "--config", "/nonexistent/c.yaml"]
    ).wait()
    #expect(named.status == 2)
  }
}
