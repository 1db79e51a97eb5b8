import Configuration
import Testing

/// A secret is refused wherever it stands, and no answer shows it.
@Suite struct SecretTests {
  static let jwt =
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzZWNyZXQtc3ViamVjdCJ9.c2lnbmF0dXJlLXRoYXQtaXMtc2VjcmV0"
  static let jwe = "eyJhbGciOiJkaXIifQ..bm9uY2UtaXMtc2VjcmV0.c2VjcmV0.dGFnc2VjcmV0"

  @Test(arguments: [
    ("a JWT", "workspaceId: \(jwt)\n", "1:14: workspaceId", "a signed token (JWT)"),
    (
      "a JWT in a header", "workspaceId: \"Bearer \(jwt)\"\n", "1:14: workspaceId",
      "a signed token (JWT)"
    ),
    ("a JWE", "workspaceId: \(jwe)\n", "1:14: workspaceId", "a signed token (JWT)"),
    (
      "a PEM block", "workspaceId: |\n  -----BEGIN PRIVATE KEY-----\n  c2VjcmV0\n  -----END\n",
      "1:14: workspaceId", "a PEM block"
    ),
    (
      "a PEM block on one line", "workspaceId: \"-----BEGIN RSA PRIVATE KEY-----\\nc2VjcmV0\"\n",
      "1:14: workspaceId", "a PEM block"
    ),
    (
      "a password in a URL",
      "workspaceId: w\negress: {allowlist: [{hostPattern: \"https://u:c2VjcmV0@github.com\"}]}\n",
      "2:36: egress.allowlist[0].hostPattern", "a URL with a password"
    ),
    (
      "a password with an @ in a URL", "workspaceId: postgres://u:c2VjcmV0@x@db/name\n",
      "1:14: workspaceId", "a URL with a password"
    ),
    (
      "a secret under an unknown key", "workspaceId: w\nfoo: [{bar: \(jwt)}]\n", "2:13: foo[0].bar",
      "a signed token (JWT)"
    ),
    (
      "a secret in a port", "workspaceId: w\nproxyPort: \(jwt)\n", "2:12: proxyPort",
      "a signed token (JWT)"
    ),
  ])
  func `a value that looks like a secret is refused`(
    what: String, text: String, place: String, kind: String
  ) {
    let found = errors(text)
    #expect(
      found.contains(
        "c.yaml:\(place): the value looks like \(kind); secrets don't belong here, only paths of "
          + "their files"), "\(found)")
    expectNothingShown(found)
  }

  @Test(arguments: [
    "clientSecret", "client_secret", "PASSWORD", "db-password", "apiKey", "key", "svidKey",
  ])
  func `a key named like a secret takes only a path`(key: String) {
    for value in ["c2VjcmV0", "\"c2VjcmV0\"", "|\n  c2VjcmV0", "[c2VjcmV0]", "secret/c2VjcmV0"] {
      let found = errors("workspaceId: w\n\(key): \(value)\n")
      #expect(found.contains { $0.contains("only the path of a file may stand here") }, "\(found)")
      expectNothingShown(found)
    }
    for value in ["/run/secrets/c2VjcmV0", "./c2VjcmV0", "../c2VjcmV0", "", "~"] {
      let found = errors("workspaceId: w\n\(key): \(value)\n")
      #expect(found.count == 1)
      #expect(found.first?.contains("there is no such key") ?? false, "\(found)")
    }
  }

  @Test(arguments: [jwt, "\"-----BEGIN PRIVATE KEY-----c2VjcmV0\"", "\"https://u:c2VjcmV0@h\""])
  func `a key that looks like a secret is not shown either`(key: String) {
    for text in ["\(key): 1\n", "limits: {\(key): 1}\n", "? \(key)\n: {a: 1, a: 2}\n"] {
      let found = errors("workspaceId: w\n" + text)
      #expect(found.contains { $0.contains("this key looks like ") }, "\(found)")
      expectNothingShown(found)
    }
  }

  /// The path may be a slip, and the file a secret.
  @Test(arguments: [
    "c2VjcmV0\n", "[c2VjcmV0]\n", "root:$6$c2VjcmV0:19000:0:99999:7:::\n", jwt,
    "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
    "machine example.com login me password c2VjcmV0\n", "TOKEN=c2VjcmV0\n",
    "token: c2VjcmV0\n", "password: c2VjcmV0\n", "\"c2VjcmV0\n", "{c2VjcmV0", "*c2VjcmV0",
    "&c2VjcmV0 a",
    "!c2VjcmV0 a", "%c2VjcmV0\n", "a: b: c2VjcmV0\n", "@c2VjcmV0", "'c2VjcmV0", "- c2VjcmV0\nb",
  ])
  func `nothing of a file that is no configuration is shown`(text: String) {
    let found = errors(text)
    #expect(!found.isEmpty)
    expectNothingShown(found)
  }

  @Test(arguments: [
    "https://github.com/a:b@c", "http://[::1]:80/", "https://user@github.com", "a.b.c",
    "eyJupiter.example.com", "eyJafjallajokull.is.example", "key", "---",
  ])
  func `a value that only resembles a secret is judged as what it is`(value: String) {
    let found = errors("workspaceId: w\nenforcementMode: \"\(value)\"\n")
    #expect(found.count == 1)
    #expect(
      found.first?.hasPrefix("c.yaml:2:18: enforcementMode: must be enforce or monitor") ?? false,
      "\(found)")
  }

  private func expectNothingShown(_ lines: [String]) {
    for line in lines {
      for secret in ["c2VjcmV0", "eyJ"] {
        #expect(!line.contains(secret), "\(line)")
      }
    }
  }
}
