import Testing

/// The host pattern's own errors arrive at their place. What they say is `Policy`'s.
@Suite struct HostPatternErrorTests {
  @Test(arguments: [
    "\"*.com\"", "\"*.co.uk\"", "\"**\"", "a.*.example", "https://github.com", "github.com:443",
    "github.com/path", ".github.com", "10.0.0.0/33", "10.1.2.3/8", "127.1", "\"\"", "a..b",
    "\"fe80::1%eth0\"", "\"[::1\"", "\"a b\"",
  ])
  func `is refused at its place`(pattern: String) {
    let found = errors(withRule("hostPattern: \(pattern)"))
    #expect(found.count == 1)
    #expect(
      found.first?.hasPrefix("c.yaml:2:36: egress.allowlist[0].hostPattern: ") ?? false, "\(found)")
  }

  @Test(arguments: ["2001:db8::1", "1::2", "\"[::1]\"", "münchen.example", "8.8.8.8"])
  func `is accepted without quotes where YAML reads it as a text`(pattern: String) {
    #expect(errors(withRule("hostPattern: \(pattern)")) == [])
  }
}
