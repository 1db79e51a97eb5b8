import Addressing
import Configuration
import Policy
import Testing

@Suite struct DocumentTests {
  @Test func `fills in every default`() throws {
    let document = try document("workspaceId: ws-billing")
    #expect(document.workspaceId == "ws-billing")
    #expect(document.proxyPort == 15001)
    #expect(document.inboundPort == 15006)
    #expect(document.adminPort == 15000)
    #expect(document.healthPort == 15021)
    #expect(document.dnsPort == 15053)
    #expect(document.workers == nil)
    #expect(document.enforcementMode == .enforce)
    #expect(document.egress.injectTraceContext)
    #expect(document.egress.rules.isEmpty)
    #expect(document.capture == Capture())
    #expect(
      document.limits
        == Limits(
          peek: .seconds(5), peekBytes: 16384, requestHead: .seconds(10), requestHeadBytes: 65536,
          requestHeadFields: 128, connect: .seconds(5), idle: .seconds(3600),
          keepAlive: .seconds(300), halfClosed: .seconds(300), drain: .seconds(30),
          maxConnections: nil, bufferBytes: 16 << 20))
  }

  @Test func `reads every key`() throws {
    let document = try document(
      """
      workspaceId: ws-billing
      proxyPort: 1
      inboundPort: 2
      adminPort: 3
      healthPort: 0
      dnsPort: 65535
      workers: 7
      enforcementMode: monitor
      egress:
        injectTraceContext: off
        allowlist:
          - name: github
            hostPattern: "*.GitHub.com"
            port: 443
            allowedMethods: [GET, POST]
            identityHeaders: true
          - hostPattern: 10.0.0.0/8
            ports: [443, "8000-8099", 9000-9001]
            allowedMethods: []
          - {hostPattern: xn--mnchen-3ya.example}
      limits: {peekSeconds: 0.25, peekBytes: 1000, requestHeadSeconds: 1, requestHeadBytes: 2000,
        requestHeadFields: 9, connectSeconds: 2, idleSeconds: 3, keepAliveSeconds: 4,
        halfClosedSeconds: 5.000000001, drainSeconds: 0, maxConnections: 6,
        bufferBytes: 2000000}
      capture:
        proxyUID: [2000, 1337]
        resolvers: [10.0.0.53, "fd00::53", "::ffff:10.0.0.54"]
      """)
    #expect(document.proxyPort == 1)
    #expect(document.inboundPort == 2)
    #expect(document.adminPort == 3)
    #expect(document.healthPort == nil)
    #expect(document.dnsPort == 65535)
    #expect(document.workers == 7)
    #expect(document.enforcementMode == .monitor)
    #expect(!document.egress.injectTraceContext)
    #expect(document.capture.proxyUIDs == [1337, 2000])
    #expect(
      document.capture.resolvers
        == ["10.0.0.53", "fd00::53", "10.0.0.54"].compactMap { IPAddress($0) })
    #expect(
      document.limits
        == Limits(
          peek: .milliseconds(250), peekBytes: 1000, requestHead: .seconds(1),
          requestHeadBytes: 2000, requestHeadFields: 9, connect: .seconds(2), idle: .seconds(3),
          keepAlive: .seconds(4), halfClosed: .nanoseconds(5_000_000_001), drain: .zero,
          maxConnections: 6, bufferBytes: 2_000_000))

    let rules = document.egress.rules
    #expect(rules.map(\.name) == ["github", "10.0.0.0/8", "xn--mnchen-3ya.example"])
    #expect(rules.map(\.pattern) == ["*.GitHub.com", "10.0.0.0/8", "xn--mnchen-3ya.example"])
    #expect(rules.map(\.ports) == [[443...443], [443...443, 8000...8099, 9000...9001], []])
    #expect(rules[0].allowedMethods == [HTTPMethod("GET"), HTTPMethod("POST")])
    #expect(rules[1].allowedMethods.isEmpty)
    #expect(rules.map(\.identityHeaders) == [true, false, false])
    #expect(rules[1].matcher == .block(try #require(CIDR("10.0.0.0/8"))))
  }

  @Test(arguments: [
    "workspaceId: w\negress:\nlimits: ~\ncapture: {}\n",
    "workspaceId: w\negress: {allowlist: }\n",
    "workspaceId: w\negress: {allowlist: []}\n",
  ])
  func `reads a section without keys as an empty one and denies everything`(text: String) throws {
    #expect(try document(text).egress.rules.isEmpty)
    #expect(try warnings(text).contains { $0.contains("every connection will be denied") })
  }

  @Test func `reads JSON, a byte order mark and Windows line ends`() throws {
    #expect(try document(#"{"workspaceId": "w", "workers": 3}"#).workers == 3)
    #expect(try document("\u{feff}workspaceId: w\nworkers: 3\n").workers == 3)
    #expect(try document("workspaceId: w\r\nworkers: 3\r\n").workers == 3)
  }

  @Test(
    arguments: [
      (nil, [:], "/etc/portarium/config.yaml"),
      (nil, ["PORTARIUM_CONFIG": ""], "/etc/portarium/config.yaml"),
      (nil, ["PORTARIUM_CONFIG": "/a.yaml"], "/a.yaml"),
      ("/b.yaml", ["PORTARIUM_CONFIG": "/a.yaml"], "/b.yaml"),
    ] as [(String?, [String: String], String)])
  func `is looked for where the flag, the environment or the standard says`(
    flag: String?, environment: [String: String], path: String
  ) {
    #expect(DocumentPath.resolve(flag: flag, environment: environment) == path)
  }
}
