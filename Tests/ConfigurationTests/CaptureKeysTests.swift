import Addressing
import Configuration
import Testing

/// Every key of `capture:`, and what a document gets that leaves it out.
@Suite struct CaptureKeysTests {
  @Test func `without a key everything is captured and nothing exempt but the proxy`() throws {
    let capture = try document("workspaceId: w").capture
    #expect(capture.mode == .sidecar)
    #expect(capture.proxyUIDs == [1337])
    #expect(capture.proxyGIDs == [])
    #expect(capture.workloadUIDs == [])
    #expect(capture.outbound.includePorts == [])
    #expect(capture.outbound.excludePorts == [])
    #expect(capture.outbound.includeCIDRs == [])
    #expect(capture.outbound.excludeCIDRs == [])
    #expect(!capture.inbound.redirect)
    #expect(capture.inbound.includePorts == [])
    #expect(capture.inbound.excludePorts == [])
    #expect(capture.resolvers == nil)
    #expect(!capture.dns)
    #expect(capture.nonTCP == .reject)
    #expect(capture.interfaces.exclude == [])
    #expect(capture.interfaces.treatAsOutbound == [])
    #expect(capture.loopbackCIDRs.map(\.description) == ["127.0.0.0/8", "::1"])
    #expect(capture.gateway == nil)
    #expect(!capture.dropInvalid)
    #expect(capture.existingConnections == .cut)
    #expect(capture.mark.value == 0x1000)
    #expect(capture.mark.mask == 0xf000)
    #expect(capture.rawFrames == nil)
  }

  @Test func `every key of sidecar mode is read`() throws {
    let capture = try document(
      """
      workspaceId: w
      capture:
        mode: sidecar
        proxyUID: [2000, 1337]
        proxyGID: [3000, 1338]
        workloadUIDs: [1000, 0]
        outbound:
          includePorts: [443, "8000-8099"]
          excludePorts: 22
          includeCIDRs: 10.0.0.0/8
          excludeCIDRs: ["fd00::/8", 10.1.0.0/16]
        inbound: {redirect: true, includePorts: 8080, excludePorts: [9000-9001]}
        resolvers: [10.0.0.53, "fd00::53", "::ffff:10.0.0.54"]
        dns: true
        nonTCP: drop
        interfaces: {exclude: [eth1, "cali*"], treatAsOutbound: virbr0}
        loopbackCIDRs: [127.0.0.0/16, "::1/128"]
        dropInvalid: true
        existingConnections: keep
        mark: {value: 0x10000, mask: 0x70000}
        rawFrames: ignore
      """
    ).capture
    #expect(capture.mode == .sidecar)
    #expect(capture.proxyUIDs == [1337, 2000])
    #expect(capture.proxyGIDs == [1338, 3000])
    #expect(capture.workloadUIDs == [0, 1000])
    #expect(capture.outbound.includePorts == [443...443, 8000...8099])
    #expect(capture.outbound.excludePorts == [22...22])
    #expect(capture.outbound.includeCIDRs.map(\.description) == ["10.0.0.0/8"])
    #expect(capture.outbound.excludeCIDRs.map(\.description) == ["10.1.0.0/16", "fd00::/8"])
    #expect(
      capture.inbound
        == Capture.Inbound(
          redirect: true, includePorts: [8080...8080], excludePorts: [9000...9001]))
    #expect(
      capture.resolvers?.map(\.description) == ["10.0.0.53", "fd00::53", "10.0.0.54"])
    #expect(capture.dns)
    #expect(capture.nonTCP == .drop)
    #expect(
      try capture.interfaces
        == Capture.Interfaces(
          exclude: [InterfacePattern("cali*"), InterfacePattern("eth1")],
          treatAsOutbound: [InterfacePattern("virbr0")]))
    #expect(capture.loopbackCIDRs.map(\.description) == ["127.0.0.0/16", "::1"])
    #expect(capture.dropInvalid)
    #expect(capture.existingConnections == .keep)
    #expect(capture.mark == Capture.Mark(value: 0x10000, mask: 0x70000))
    #expect(capture.rawFrames == .ignore)
  }

  @Test func `every key of gateway mode is read`() throws {
    let capture = try document(
      """
      workspaceId: w
      capture:
        mode: gateway
        gateway: {sources: [10.1.0.0/16, "fd01::/64"], interfaces: [eth1, "cali*"], method: tproxy}
        rawFrames: ignore
      """
    ).capture
    #expect(capture.mode == .gateway)
    #expect(
      try capture.gateway
        == Capture.Gateway(
          sources: ["10.1.0.0/16", "fd01::/64"].compactMap { CIDR($0) },
          interfaces: [InterfacePattern("cali*"), InterfacePattern("eth1")], method: .tproxy))
    let other = try document(
      "workspaceId: w\ncapture: {mode: gateway, gateway: {sources: 10.1.0.1, interfaces: eth1}}")
    #expect(other.capture.gateway?.sources.map(\.description) == ["10.1.0.1"])
    #expect(other.capture.gateway?.method == .redirect)
  }

  @Test(arguments: [
    ("nonTCP: reject", Capture.NonTCP.reject), ("nonTCP: drop", .drop), ("nonTCP: allow", .allow),
  ])
  func `nonTCP is one of three words`(key: String, value: Capture.NonTCP) throws {
    #expect(try document("workspaceId: w\ncapture: {\(key)}").capture.nonTCP == value)
  }

  @Test func `raw frames are blocked on request`() throws {
    #expect(try document("workspaceId: w\ncapture: {rawFrames: block}").capture.rawFrames == .block)
  }

  @Test(
    arguments: [
      ("[443, 80, \"81-90\", 85-100, 443]", [80...100, 443...443]),
      ("[1-65535, 22]", [1...65535]), ("[65535, 65534]", [65534...65535]), ("[]", []),
    ] as [(String, [ClosedRange<UInt16>])])
  func `ports are merged, ascending`(value: String, ports: [ClosedRange<UInt16>]) throws {
    let text =
      "workspaceId: w\ncapture: {outbound: {excludePorts: \(value)}, "
      + "inbound: {redirect: true, excludePorts: \(value)}}"
    let capture = try document(text).capture
    #expect(capture.outbound.excludePorts == ports)
    #expect(capture.inbound.excludePorts == ports)
  }

  @Test(
    arguments: [
      ("[10.0.0.0/9, 10.128.0.0/9, 10.1.2.3]", ["10.0.0.0/8"]),
      ("[\"fd00::/8\", 192.0.2.1, 192.0.2.0, 10.0.0.1]", ["10.0.0.1", "192.0.2.0/31", "fd00::/8"]),
      ("[\"::ffff:10.1.2.3\", \"::ffff:10.2.0.0/112\"]", ["10.1.2.3", "10.2.0.0/16"]),
      ("[10.0.0.1, 10.0.0.1]", ["10.0.0.1"]), ("[]", []),
    ] as [(String, [String])])
  func `blocks are merged, ascending in each family`(value: String, blocks: [String]) throws {
    let text = "workspaceId: w\ncapture: {outbound: {excludeCIDRs: \(value)}}"
    #expect(try document(text).capture.outbound.excludeCIDRs.map(\.description) == blocks)
  }

  @Test(
    arguments: [
      ("127.0.0.1", ["127.0.0.1", "::1"]), ("\"::1\"", ["127.0.0.0/8", "::1"]),
      ("[127.0.0.0/9, 127.128.0.0/9]", ["127.0.0.0/8", "::1"]),
      ("[127.1.0.0/16, 127.0.0.0/31]", ["127.0.0.0/31", "127.1.0.0/16", "::1"]),
    ] as [(String, [String])])
  func `a loopback family that is not named keeps its default`(
    value: String, blocks: [String]
  ) throws {
    let text = "workspaceId: w\ncapture: {loopbackCIDRs: \(value)}"
    #expect(try document(text).capture.loopbackCIDRs.map(\.description) == blocks)
  }

  @Test(
    arguments: [
      ("0x1000", "0xf000", 0x1000, 0xf000), ("4096", "0x7000", 0x1000, 0x7000),
      ("0x2000", "0xf000", 0x2000, 0xf000), ("1", "0xff", 1, 0xff),
      ("0x20000000", "0xF0000000", 0x2000_0000, 0xf000_0000),
    ] as [(String, String, UInt32, UInt32)])
  func `a mark is read in hexadecimal or decimal`(
    value: String, mask: String, bit: UInt32, bits: UInt32
  ) throws {
    let text = "workspaceId: w\ncapture: {mark: {value: \(value), mask: \(mask)}}"
    #expect(try document(text).capture.mark == Capture.Mark(value: bit, mask: bits))
  }

  /// Who writes "all unprivileged ports" means the workload's.
  @Test func `a range of inbound ports may hold the sidecar's own`() throws {
    let text = "workspaceId: w\ncapture: {inbound: {redirect: true, includePorts: 1024-65535}}"
    #expect(try document(text).capture.inbound.includePorts == [1024...65535])
  }

  @Test(arguments: [
    ("outbound: {excludeCIDRs: 0.0.0.0/0}", "outbound.excludeCIDRs: 0.0.0.0/0 is every address"),
    ("outbound: {excludeCIDRs: \"::/0\"}", "outbound.excludeCIDRs: ::/0 is every address of its"),
    ("outbound: {excludePorts: [1-80, 81-65535]}", "outbound.excludePorts: every port is excluded"),
    ("inbound: {includePorts: 80}", "inbound.includePorts: has no effect: nothing is redirected"),
    ("inbound: {excludePorts: 80}", "inbound.excludePorts: has no effect: nothing is redirected"),
  ])
  func `what undoes the capture, or nothing, is warned of`(key: String, warning: String) throws {
    let found = try warnings("workspaceId: w\ncapture: {\(key)}").filter { $0.contains("capture") }
    #expect(found.count == 1)
    #expect(found.first?.contains(": capture.\(warning)") ?? false, "\(found)")
  }
}
