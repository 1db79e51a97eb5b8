import Addressing
import Configuration
import Policy
import Testing

/// `mtls:` and `inbound:`, and what they ask of each other and of `capture:`.
@Suite struct InboundKeysTests {
  static let redirect = "workspaceId: w\ncapture: {inbound: {redirect: true}}\n"

  private func pattern(_ text: String) throws -> SPIFFEIDPattern { try SPIFFEIDPattern(text) }

  @Test func `without them nobody has an identity and nothing is taken`() throws {
    let document = try document("workspaceId: w\n")
    #expect(document.mtls == nil)
    #expect(document.inbound == Inbound())
    #expect(document.inbound.mode == .off)
  }

  @Test func `reads every key`() throws {
    let text =
      Self.redirect + """
        mtls: {workloadAPI: "unix:///run/agent.sock"}
        inbound:
          mode: permissive
          allow:
            - {peer: "spiffe://a.example/ns/*/sa/*", port: 8080, allowedMethods: [GET, POST]}
            - {name: all, peer: "spiffe://a.example/**", ports: [80, 8000-8099]}
            - {ports: [443]}
          opaquePorts: [3306, 3307, "3308-3310"]
          plaintextPorts: 9090
          probes: [{port: 8081, path: "/healthz?full=1"}, {port: 8081, path: /readyz}]
        """
    let document = try document(text)
    #expect(document.mtls == .workloadAPI(.unix(path: "/run/agent.sock")))
    let inbound = document.inbound
    #expect(inbound.mode == .permissive)
    #expect(inbound.rules.map(\.name) == ["spiffe://a.example/ns/*/sa/*", "all", "anyone"])
    #expect(
      inbound.rules.map(\.peer) == [
        try pattern("spiffe://a.example/ns/*/sa/*"), try pattern("spiffe://a.example/**"), nil,
      ])
    #expect(inbound.rules.map(\.ports) == [[8080...8080], [80...80, 8000...8099], [443...443]])
    #expect(inbound.rules[0].allowedMethods.map(\.description) == ["GET", "POST"])
    #expect(inbound.opaquePorts == [3306...3310])
    #expect(inbound.plaintextPorts == [9090...9090])
    #expect(
      inbound.probes == [
        InboundProbe(port: 8081, path: "/healthz?full=1"),
        InboundProbe(port: 8081, path: "/readyz"),
      ])
    #expect(inbound.policy.ruleCount == 3)
    #expect(try warnings(text).filter { !$0.contains("egress") } == [])
  }

  @Test func `an identity is read from three files, or asked of the Workload API`() throws {
    let files = "svidCertPath: /s/crt.pem, svidKeyPath: /s/key.pem, trustBundlePath: /s/ca.pem"
    #expect(
      try document("workspaceId: w\nmtls: {\(files)}").mtls
        == .files(
          .init(
            certificatePath: "/s/crt.pem", keyPath: "/s/key.pem", trustBundlePath: "/s/ca.pem",
            rotationCheckInterval: .seconds(60))))
    let eager = try document("workspaceId: w\nmtls: {\(files), rotationCheckIntervalSeconds: 2.5}")
    guard case .files(let read) = eager.mtls else {
      Issue.record("no files")
      return
    }
    #expect(read.rotationCheckInterval == .milliseconds(2500))
    for empty in ["mtls:", "mtls: {}", "mtls: ~"] {
      #expect(try document("workspaceId: w\n\(empty)").mtls == .workloadAPI(nil))
    }
    #expect(
      try document("workspaceId: w\nmtls: {workloadAPI: \"tcp://127.0.0.1:8081\"}").mtls
        == .workloadAPI(try WorkloadEndpoint("tcp://127.0.0.1:8081")))
  }

  @Test(arguments: [
    ("svidCertPath: /c", ["svidKeyPath: the key is req", "trustBundlePath: the key is required"]),
    ("svidKeyPath: /k, trustBundlePath: /b", ["svidCertPath: the key is required beside"]),
    (
      "svidCertPath: /c, svidKeyPath: /k, trustBundlePath: /b, workloadAPI: \"unix:///a\"",
      ["workloadAPI: files and the Workload API exclude each other"]
    ),
    ("rotationCheckIntervalSeconds: 5", ["rotationCheckIntervalSeconds: is about files"]),
    (
      "svidCertPath: c, svidKeyPath: ./k, trustBundlePath: /b/",
      [
        "svidCertPath: must be an absolute path, not \"c\"",
        "svidKeyPath: must be an absolute path, not \"./k\"",
        "trustBundlePath: \"/b/\" is a directory's path",
      ]
    ),
    ("workloadAPI: /run/agent.sock", ["workloadAPI: must be unix:// and an absolute path, or"]),
    ("workloadAPI: \"http://127.0.0.1:80\"", ["workloadAPI: must be unix:// and an absolute path"]),
    ("workloadAPI: \"tcp://agent:80\"", ["workloadAPI: must be unix:// and an absolute path"]),
    ("workloadAPI: \"unix://run/agent.sock\"", ["workloadAPI: must be unix:// and an absolute p"]),
    ("workloadAPI: ~", ["workloadAPI: has no value"]),
    ("files: /x", ["files: there is no such key here"]),
  ])
  func `half an identity, or two, are refused`(keys: String, messages: [String]) {
    let found = errors("workspaceId: w\nmtls: {\(keys)}\n")
    #expect(found.count == messages.count, "\(found)")
    for message in messages {
      #expect(found.contains { $0.contains(": mtls.\(message)") }, "\(message): \(found)")
    }
  }

  @Test(arguments: [
    (
      "allow: [{peer: \"spiffe://*/x\"}]", ".allow[0].peer: \"spiffe://*/x\" has a wildcard in its"
    ),
    ("allow: [{peer: \"*\"}]", ".allow[0].peer: \"*\" does not begin with spiffe://"),
    ("allow: [{peer: ~}]", ".allow[0].peer: has no value"),
    ("allow: [{peer: \"spiffe://a.example\"}]", ".allow[0].peer: \"spiffe://a.example\" names a"),
    (
      "allow: [{peer: \"spiffe://a.example/x/\"}]",
      ".allow[0].peer: \"spiffe://a.example/x/\" ends with a slash"
    ),
    ("allow: [{port: 80, ports: [81]}]", ".allow[0].ports: port and ports exclude each other"),
    ("allow: [{ports: []}]", ".allow[0].ports: names no port"),
    ("allow: [{hostPattern: a.example}]", ".allow[0].hostPattern: there is no such key here"),
    ("mode: on", ".mode: must be off or permissive or strict, not on"),
    ("mode: Strict", ".mode: must be off or permissive or strict, not Strict"),
    ("probes: [{port: 80}]", ".probes[0].path: the key is required"),
    ("probes: [{path: /}]", ".probes[0].port: the key is required"),
    ("probes: [{port: 80, path: x}]", ".probes[0].path: must begin with /"),
    ("probes: [{port: 80, path: \"/a b\"}]", ".probes[0].path: must be a path as a request"),
    ("probes: [{port: 80, path: \"/a#b\"}]", ".probes[0].path: must be a path as a request"),
    ("plaintextPorts: [0]", ".plaintextPorts[0]: must be between 1 and 65535"),
  ])
  func `what makes no rule is refused`(keys: String, message: String) {
    let found = errors("workspaceId: w\ninbound: {\(keys)}\n")
    #expect(found.count == 1, "\(found)")
    #expect(found.first?.contains(": inbound\(message)") ?? false, "\(found)")
  }

  /// A rule whose peer is wrong must not become one for anyone, if only in a message.
  @Test func `a rule for a peer that is refused counts for nothing`() {
    let found = errors(
      Self.redirect + "mtls: {}\ninbound: {mode: strict, allow: [{peer: \"a.example\"}]}")
    #expect(found.count == 1, "\(found)")
  }

  @Test(
    arguments: [
      (
        "", "mtls: {}\n",
        ["has no effect without capture.inbound.redirect: peers would reach the workload directly"]
      ),
      (
        "capture: {inbound: {redirect: true}}\n", "",
        ["needs an identity; the section mtls says where it comes from, and is missing"]
      ),
      (
        "", "",
        ["needs an identity; the section", "has no effect without capture.inbound.redirect"]
      ),
      (
        "capture: {mode: gateway, gateway: {sources: [10.0.0.0/8], interfaces: [eth0]}}\n",
        "mtls: {}\n", ["is for sidecar mode only; capture.mode is gateway"]
      ),
    ], ["strict", "permissive"])
  func `a mode needs an identity and the traffic`(
    rest: (capture: String, mtls: String, messages: [String]), mode: String
  ) {
    let found = errors("workspaceId: w\n\(rest.capture)\(rest.mtls)inbound: {mode: \(mode)}\n")
    #expect(found.count == rest.messages.count, "\(found)")
    for message in rest.messages {
      #expect(found.contains { $0.contains(": inbound.mode: \(mode) \(message)") }, "\(found)")
    }
  }

  @Test(arguments: [
    ("inbound: {}", "capture.inbound.redirect: nothing listens on inboundPort while"),
    ("mtls: {}\ninbound: {mode: strict}", "inbound.allow: no rule admits anyone"),
    (
      "mtls: {}\ninbound: {mode: permissive, allow: [{peer: \"spiffe://a.example/x\"}]}",
      "inbound.mode: every rule names a peer, so plain text is denied"
    ),
    (
      "mtls: {}\ninbound: {mode: strict, opaquePorts: 1-99, allow: [{port: 80, "
        + "allowedMethods: [GET]}]}", "inbound.allow: the rule anyone has allowedMethods and names"
    ),
    (
      "mtls: {workloadAPI: \"tcp://192.0.2.1:80\"}\ninbound: {mode: strict, plaintextPorts: 80}",
      "mtls.workloadAPI: 192.0.2.1:80 is not on this machine"
    ),
  ])
  func `what does nothing, or more than it seems, is warned of`(text: String, warning: String)
    throws
  {
    let found = try warnings(Self.redirect + text).filter { !$0.contains("egress") }
    #expect(found.count == 1, "\(found)")
    #expect(found.first?.contains(": \(warning)") ?? false, "\(found)")
  }

  @Test func `keys of a mode that is off are warned of`() throws {
    let found = try warnings(
      "workspaceId: w\ninbound: {allow: [], opaquePorts: 1, plaintextPorts: 2, probes: []}"
    ).filter { $0.contains("inbound") }
    #expect(found.count == 4)
    #expect(found.allSatisfy { $0.hasSuffix("has no effect while inbound.mode is off") })
  }
}
