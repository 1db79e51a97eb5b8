import Configuration
import Testing

@Suite struct EveryErrorAtOnceTests {
  static let document = """
    workspaceId: "ws billing"
    proxy_port: 15001
    adminPort: "15000"
    healthPort: -1
    dnsPort: 15006
    workers: 0x2
    enforcementMode: enfroce
    egress:
      injectTraceContext: maybe
      allowlist:
        - hostPattern: "*.com"
        - name: ok
          hostPattern: api.github.com
          port: 443
          ports: [443]
        - name: no pattern
          port: 70000
        - hostPattern: 10.1.2.3/8
          ports: [443, 8099-8000, 0]
          allowedMethod: [GET]
        - hostPattern: [a.example, b.example]
        - hostPattern: c.example
          rateLimit: {perSecond: 0}
          enforcementMode: watch
      policies:
        - name: one
          sources: [10.0.0.0/33]
          allowlist:
            - hostPattern: "*.co.uk"
    limits:
      peekSeconds: 5s
      peekBytes: 16_384
      drainSeconds: 3600.000000001
    capture:
      proxyUID: [1337, 0]
      resolvers:
        - 10.0.0.53
        - dns.example
    audit: {sink: file, whenFull: block}
    onReload: kep
    tokens: {}
    """

  @Test func `reports all the errors of a document in one run, each at its place`() {
    let expected = [
      "1:14: workspaceId: must consist of",
      "2:1: proxy_port: there is no such key here (did you mean \"proxyPort\"?)",
      "3:12: adminPort: must be an integer, written without quotes",
      "4:13: healthPort: must be between 0 and 65535, not -1",
      "5:10: dnsPort: 15006 is already the inboundPort (its default)",
      "6:10: workers: must be an integer in plain decimal digits, not 0x2",
      "7:18: enforcementMode: must be enforce or monitor, not enfroce (did you mean \"enforce\"?)",
      "9:23: egress.injectTraceContext: must be true or false, not maybe",
      "11:20: egress.allowlist[0].hostPattern: ",
      "15:14: egress.allowlist[1].ports: port and ports exclude each other",
      "16:7: egress.allowlist[2].hostPattern: the key is required and missing",
      "17:13: egress.allowlist[2].port: must be between 1 and 65535, not 70000",
      "18:20: egress.allowlist[3].hostPattern: ",
      "19:20: egress.allowlist[3].ports[1]: must be two ports between 1 and 65535, the lower",
      "19:31: egress.allowlist[3].ports[2]: must be between 1 and 65535, not 0",
      "20:7: egress.allowlist[3].allowedMethod: there is no such key here "
        + "(did you mean \"allowedMethods\"?)",
      "21:20: egress.allowlist[4].hostPattern: must be a host name, *.suffix, *, an address or",
      "23:30: egress.allowlist[5].rateLimit.perSecond: must be ",
      "24:24: egress.allowlist[5].enforcementMode: must be enforce or monitor, not watch",
      "27:17: egress.policies[0].sources[0]: a prefix of IPv4 has 0 to 32 bits",
      "29:24: egress.policies[0].allowlist[0].hostPattern: ",
      "31:16: limits.peekSeconds: must be a number of seconds, not the text \"5s\"",
      "32:14: limits.peekBytes: must be an integer in plain decimal digits, not 16_384",
      "33:17: limits.drainSeconds: must be between 0 and 3600 seconds, not 3600.000000001",
      "35:20: capture.proxyUID[1]: root (0) can't be the proxy's uid",
      "38:7: capture.resolvers[1]: must be an IPv4 or IPv6 address, not \"dns.example\"",
      "39:15: audit.sink: must be ",
      "39:31: audit.whenFull: must be wait or drop, not block",
      "40:11: onReload: must be ",
      "41:1: tokens: there is no such key here",
    ]
    let found = errors(Self.document)
    for (found, expected) in zip(found, expected) {
      #expect(found.hasPrefix("c.yaml:" + expected), "\(found)")
    }
    #expect(found.count == expected.count, "\(found.joined(separator: "\n"))")
  }
}
