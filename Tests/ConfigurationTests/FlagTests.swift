import Addressing
import Configuration
import Testing

/// Flags stand for keys: they win over the document, and are read as strictly.
@Suite struct FlagTests {
  private func flag(_ key: String, _ values: String...) -> DocumentFlag {
    DocumentFlag("--flag", for: key, values)
  }

  private func document(_ text: String, _ flags: DocumentFlag...) throws -> Document {
    try Document.parse(Array(text.utf8), file: "c.yaml", flags: flags).document
  }

  private func errors(_ text: String, _ flags: DocumentFlag...) -> [String] {
    do throws(ConfigurationFailure) {
      _ = try Document.parse(Array(text.utf8), file: "c.yaml", flags: flags)
      return []
    } catch {
      return "\(error)".split(separator: "\n").map(String.init)
    }
  }

  @Test(arguments: [
    "workspaceId: w", "workspaceId: w\ncapture:\n", "workspaceId: w\ncapture: {outbound: ~}\n",
    "workspaceId: w\ncapture: {outbound: {excludePorts: [1, 2]}}\n",
    "workspaceId: w\ncapture: {outbound: {excludePorts: wrong}}\n",
  ])
  func `a flag's value stands in place of the document's`(text: String) throws {
    let document = try document(text, flag("capture.outbound.excludePorts", "22,8000-8099"))
    #expect(document.capture.outbound.excludePorts == [22...22, 8000...8099])
  }

  @Test func `the other keys of a section stay`() throws {
    let document = try document(
      "workspaceId: w\nproxyPort: 1\ncapture: {dns: true, outbound: {includePorts: 443}}\n",
      flag("capture.outbound.excludePorts", "22"), flag("adminPort", "2"))
    #expect(document.capture.outbound.includePorts == [443...443])
    #expect(document.capture.dns)
    #expect((document.proxyPort, document.adminPort) == (1, 2))
  }

  @Test func `a list may be given in parts, and as nothing`() throws {
    let ports = try document("workspaceId: w", flag("capture.outbound.excludePorts", "22,25", "53"))
    #expect(ports.capture.outbound.excludePorts == [22...22, 25...25, 53...53])
    let none = try document(
      "workspaceId: w\ncapture: {resolvers: 10.0.0.53}", flag("capture.resolvers", ""))
    #expect(none.capture.resolvers == [])
  }

  @Test(arguments: [
    ("capture.outbound.excludePorts", "22,25-", "must be two ports between 1 and 65535, the"),
    ("capture.outbound.excludePorts", "22,25,", "there is a comma without an entry on both sides"),
    (
      "capture.outbound.excludePorts", ",", "there is a comma without an entry on both sides: \",\""
    ),
    ("capture.outbound.excludePorts", "22,,25", "there is a comma without an entry on both sides"),
    ("capture.outbound.excludePorts", "22, 25", "must be a port or a range such as 8000-8099, not"),
    ("capture.outbound.excludePorts", "70000", "must be between 1 and 65535, not 70000"),
    ("capture.outbound.excludePorts", "0", "must be between 1 and 65535, not 0"),
    ("capture.outbound.excludePorts", "25-22", "must be two ports between 1 and 65535, the lower"),
    ("capture.outbound.excludePorts", "[22]", "must be a port or a range such as 8000-8099, not"),
    ("capture.outbound.includePorts", "", "names no port; leave it out to mean all"),
    ("capture.outbound.excludeCIDRs", "10.0.0.0/33", "a prefix of IPv4 has 0 to 32 bits, unlike"),
    ("capture.outbound.excludeCIDRs", "::ffff:1.2.3.4/200", "a prefix of IPv6 has 0 to 128 bits"),
    ("capture.outbound.excludeCIDRs", "10.1.2.3/8", "10.1.2.3/8 has bits set behind its prefix"),
    ("capture.outbound.excludeCIDRs", "10", "must be an address or a CIDR block, not \"10\""),
    ("capture.interfaces.exclude", "eth0;drop", "no interface's name may hold ';': \"eth0;drop\""),
    ("capture.proxyUID", "0", "root (0) can't be the proxy's uid"),
    ("capture.proxyUID", "5,5", "5 is listed twice"),
    ("capture.proxyUID", "", "names no uid: the proxy's own traffic would be captured"),
    ("capture.proxyGID", "0", "root's group (0) can't be the proxy's gid"),
    (
      "capture.mode", "gatway", "must be sidecar or gateway, not gatway (did you mean \"gateway\"?)"
    ),
    ("capture.mode", "", "has no value; it must be sidecar or gateway"),
    ("capture.mark.mask", "0xff00", "0xff00 overlaps with 0x0f00, which is Cilium's"),
    ("proxyPort", "0x50", "must be an integer in plain decimal digits, not 0x50"),
    ("proxyPort", "15006", "15006 is already the inboundPort (its default)"),
    ("capture.workloadUIDs", "1337", "1337 is the proxy's uid"),
    ("capture.resolvers", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.x", "the value looks like a signed"),
  ])
  func `an error names the flag and is one sentence`(key: String, value: String, message: String) {
    let found = errors("workspaceId: w", flag(key, value))
    #expect(found.count == 1, "\(found)")
    #expect(found.first?.hasPrefix("--flag: \(message)") ?? false, "\(found)")
  }

  /// On the command line nothing is quoted, so nothing can be asked to be.
  @Test func `a name of digits is a name, and a word like true another`() throws {
    let document = try document("workspaceId: w", flag("capture.interfaces.exclude", "7,on,null"))
    #expect(document.capture.interfaces.exclude.map(\.name) == ["7", "null", "on"])
  }

  @Test func `what contradicts the document is the flag's fault`() {
    #expect(
      errors("workspaceId: w\ndnsPort: 16000\n", flag("proxyPort", "16000"))
        == ["--flag: 16000 is already the dnsPort (line 2)"])
    #expect(
      errors(
        "workspaceId: w\n", DocumentFlag("--one", for: "proxyPort", ["16000"]),
        DocumentFlag("--two", for: "dnsPort", ["16000"]))
        == ["--two: 16000 is already the proxyPort (--one)"])
  }

  @Test func `a key that a flag makes necessary is named`() {
    #expect(
      errors("workspaceId: w", flag("capture.mode", "gateway")) == [
        "--flag: capture.gateway.sources: the key is required in gateway mode and missing",
        "--flag: capture.gateway.interfaces: the key is required in gateway mode and missing",
      ])
  }

  @Test func `errors of the document and of flags are reported together`() {
    let found = errors("workspaceId: w\nproxyPort: 0\n", flag("capture.proxyUID", "0"))
    #expect(found.map { $0.prefix(7) } == ["c.yaml:", "--flag:"])
  }

  @Test func `a section that is none is still refused`() {
    #expect(
      errors("workspaceId: w\ncapture: 5\n", flag("capture.proxyUID", "7"))
        == ["c.yaml:2:10: capture: must be a section with keys, not 5"])
  }

  @Test func `flags suffice where no document is and none was named`() throws {
    let nowhere = "/nonexistent/portarium.yaml"
    let flags = [flag("capture.proxyUID", "2000"), flag("proxyPort", "16001")]
    let loaded = try Document.load(path: nowhere, flags: flags, flagsSuffice: true)
    #expect(loaded.document.capture.proxyUIDs == [2000])
    #expect(loaded.document.proxyPort == 16001)
    #expect(loaded.warnings.isEmpty)
    let absent = ConfigurationFailure.unreadable(path: nowhere, errno: 2)
    #expect(throws: absent) {
      try Document.load(path: nowhere, flags: flags, flagsSuffice: false)
    }
    #expect(throws: absent) { try Document.load(path: nowhere, flags: [], flagsSuffice: true) }
    // A document that is there but can't be read is never passed over.
    #expect(throws: ConfigurationFailure.unreadable(path: "/", errno: 21)) {
      try Document.load(path: "/", flags: flags, flagsSuffice: true)
    }
  }

  @Test func `a warning that a flag causes is kept`() throws {
    let loaded = try Document.parse([flag("capture.outbound.excludeCIDRs", "0.0.0.0/0")])
    #expect(
      loaded.warnings.map(\.description) == [
        "--flag: 0.0.0.0/0 is every address of its family: all its TCP and UDP leaves undecided"
      ])
  }

  @Test(
    arguments: [
      (nil, [:], true), (nil, ["PORTARIUM_CONFIG": ""], true),
      (nil, ["PORTARIUM_CONFIG": "/a.yaml"], false), ("/b.yaml", [:], false),
    ] as [(String?, [String: String], Bool)])
  func `a document is named by the flag or the environment`(
    flag: String?, environment: [String: String], unnamed: Bool
  ) {
    #expect(DocumentPath.isUnnamed(flag: flag, environment: environment) == unnamed)
  }
}
