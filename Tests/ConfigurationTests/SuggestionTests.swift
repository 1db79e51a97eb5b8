import Configuration
import Testing

@Suite struct SuggestionTests {
  @Test(arguments: [
    ("proxyport", "proxyPort"), ("proxy_port", "proxyPort"), ("PROXY-PORT", "proxyPort"),
    ("porxyPort", "proxyPort"), ("proxyPrt", "proxyPort"), ("prroxyPort", "proxyPort"),
    ("proxiPort", "proxyPort"), ("pryoxPort", "proxyPort"), ("worker", "workers"),
    ("workspaceID", "workspaceId"), ("limit", "limits"), ("egres", "egress"),
    // A key of this name exists, but elsewhere.
    ("allowlist", "egress.allowlist"), ("proxy_uid", "capture.proxyUID"),
    ("inbounds", "inbound"), ("redirect", "capture.inbound.redirect"),
    ("hostPattern", "egress.allowlist[].hostPattern"),
    ("peekSeconds", "limits.peekSeconds"),
  ])
  func `an unknown key is answered with the one that was meant`(key: String, meant: String) {
    #expect(
      errors("workspaceId: w\n\(key): {}\n").contains {
        $0.hasSuffix(": \(key): there is no such key here (did you mean \"\(meant)\"?)")
      })
  }

  @Test(arguments: [
    "tokens", "x", "proxyPortOfOurs", "pprt",
  ])
  func `no key is suggested that is not near`(key: String) {
    #expect(
      errors("workspaceId: w\n\(key): {}\n") == ["c.yaml:2:1: \(key): there is no such key here"])
  }

  @Test func `a missing key that was misspelt is both missing and suggested`() {
    #expect(
      errors("workspace_id: w\n") == [
        "c.yaml:1:1: workspaceId: the key is required and missing",
        "c.yaml:1:1: workspace_id: there is no such key here (did you mean \"workspaceId\"?)",
      ])
  }
}
