import Configuration
import Testing

@Suite struct WarningTests {
  @Test(arguments: [
    ("hostPattern: \"*\"", "36", ".hostPattern: \"*\" allows every host that has a name"),
    (
      "hostPattern: \"*.github.io\"", "36",
      ".hostPattern: anyone can get a name below \"github.io\""
    ),
    (
      "hostPattern: 10.0.0.1, port: 22", "36",
      ".hostPattern: traffic to this address and port is relayed"
    ),
    (
      "hostPattern: fd00::/8, ports: [22, 25], allowedMethods: []", "36",
      ".hostPattern: traffic to this address and port is relayed"
    ),
    (
      "hostPattern: a.example, allowedMethods: [get]", "64",
      ".allowedMethods[0]: get is no method of the HTTP standard"
    ),
  ])
  func `a rule that may be wider or narrower than meant is pointed out`(
    rule: String, column: String, message: String
  ) throws {
    let found = try warnings(withRule(rule))
    #expect(found.count == 1)
    #expect(
      found.first?.hasPrefix("c.yaml:2:\(column): egress.allowlist[0]\(message)") ?? false,
      "\(found)")
  }

  @Test(arguments: [
    "hostPattern: github.com", "hostPattern: \"*.internal\"", "hostPattern: github.com, port: 443",
    "hostPattern: 10.0.0.1", "hostPattern: 10.0.0.1, port: 80, allowedMethods: [GET]",
    "hostPattern: a.example, allowedMethods: [GET, PROPFIND, PATCH]",
  ])
  func `an ordinary rule is not`(rule: String) throws {
    #expect(try warnings(withRule(rule)) == [])
  }

  @Test(arguments: [
    ("workspaceId: w\n", "1:1"), ("workspaceId: w\negress: {}\n", "2:9"),
    ("workspaceId: w\negress:\n  allowlist: []\n", "3:14"),
  ])
  func `an allowlist that is missing or empty is`(text: String, place: String) throws {
    #expect(
      try warnings(text) == [
        "c.yaml:\(place): egress.allowlist: no rule admits anything: every connection will be denied"
      ])
  }
}
