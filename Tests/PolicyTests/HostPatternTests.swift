import Addressing
import Policy
import Testing

@Suite("Host patterns")
struct HostPatternTests {
  @Test(
    "names come out as lower-case A-labels",
    arguments: [
      ("github.com", "github.com"), ("GitHub.COM.", "github.com"),
      ("_dmarc.example.com", "_dmarc.example.com"), ("localhost", "localhost"),
      ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"), ("München.DE", "xn--mnchen-3ya.de"),
      ("faß.de", "xn--fa-hia.de"), ("ドメイン。テスト", "xn--eckwd4c7c.xn--zckzah"),
      ("com", "com"), ("github.io", "github.io"), ("1password.com", "1password.com"),
      ("0x7f.example", "0x7f.example"),
    ])
  func exactNames(pattern: String, name: String) throws {
    let parsed = try HostMatcher.parse(pattern)
    #expect(parsed.matcher == .exact(try HostName(name)))
    #expect(parsed.warnings.isEmpty)
  }

  @Test(
    "a wildcard stands before a suffix of any depth",
    arguments: [
      ("*.example.com", "example.com"), ("*.Example.COM.", "example.com"),
      ("*.a.b.example.com", "a.b.example.com"), ("*.bücher.example", "xn--bcher-kva.example"),
      ("*.internal", "internal"), ("*.svc.cluster.local", "svc.cluster.local"),
      ("*.test", "test"), ("*.www.ck", "www.ck"), ("*.city.kawasaki.jp", "city.kawasaki.jp"),
      ("*.amazonaws.com", "amazonaws.com"),
    ])
  func wildcards(pattern: String, suffix: String) throws {
    let parsed = try HostMatcher.parse(pattern)
    #expect(parsed.matcher == .below(try HostName(suffix)))
    #expect(parsed.warnings.isEmpty)
  }

  @Test(
    "a wildcard directly on a registry's suffix is refused",
    arguments: [
      "com", "CO.UK", "co.uk.", "org", "de", "ck", "foo.ck", "kawasaki.jp", "x.kawasaki.jp", "рф",
      "xn--p1ai", "公司.cn", "arpa",
    ])
  func registries(suffix: String) throws {
    #expect(throws: HostPatternError.publicSuffix(try HostName(suffix))) {
      try HostMatcher.parse("*." + suffix)
    }
  }

  @Test(
    "a wildcard on a suffix shared by a service's customers warns",
    arguments: [
      "github.io", "s3.amazonaws.com", "blogspot.com", "compute.amazonaws.com",
      "eu-west-1.compute.amazonaws.com", "herokuapp.com",
    ])
  func sharedSuffixes(suffix: String) throws {
    let name = try HostName(suffix)
    let parsed = try HostMatcher.parse("*." + suffix)
    #expect(parsed.matcher == .below(name))
    #expect(parsed.warnings == [.sharedSuffix(name)])
  }

  @Test("a star alone is every name, and warns")
  func anyName() throws {
    let parsed = try HostMatcher.parse("*")
    #expect(parsed.matcher == .anyName)
    #expect(parsed.warnings == [.anyName])
  }

  @Test(
    "addresses and blocks, IPv6 in brackets or not",
    arguments: [
      ("10.0.0.1", "10.0.0.1"), ("10.0.0.0/8", "10.0.0.0/8"), ("0.0.0.0/0", "0.0.0.0/0"),
      ("::1", "::1"), ("[::1]", "::1"), ("2001:DB8::/32", "2001:db8::/32"), ("::/0", "::/0"),
      ("[2001:db8:0:0:0:0:0:1]", "2001:db8::1"), ("::ffff:10.0.0.1", "10.0.0.1"),
      ("[::ffff:a00:1]", "10.0.0.1"), ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
      ("::ffff:0:0/96", "0.0.0.0/0"), ("10.0.0.1/32", "10.0.0.1"),
    ])
  func blocks(pattern: String, block: String) throws {
    let parsed = try HostMatcher.parse(pattern)
    #expect(parsed.matcher == .block(try #require(CIDR(block))))
    #expect(parsed.warnings.isEmpty)
  }

  @Test(
    "what is no host pattern is refused with the reason",
    arguments: [
      ("", .empty),
      ("https://github.com", .hasScheme(host: "github.com")),
      ("https://u:p@github.com:8443/x", .hasScheme(host: "github.com")),
      ("https://[::1]:8443/", .hasScheme(host: "::1")), ("http://", .hasScheme(host: "")),
      ("*://github.com", .hasScheme(host: "github.com")),
      ("github.com:443", .hasPort(host: "github.com", port: "443")),
      ("*.github.com:443", .hasPort(host: "*.github.com", port: "443")),
      ("*:443", .hasPort(host: "*", port: "443")),
      ("10.0.0.1:443", .hasPort(host: "10.0.0.1", port: "443")),
      ("[::1]:443", .hasPort(host: "::1", port: "443")),
      ("github.com:", .hasPort(host: "github.com", port: "")),
      ("github.com/login", .hasPath(host: "github.com")),
      ("github.com/24", .hasPath(host: "github.com")),
      (".github.com", .leadingDot(suffix: "github.com")),
      ("git*.com", .misplacedWildcard), ("a.*.com", .misplacedWildcard),
      ("*.*.com", .misplacedWildcard), ("**.com", .misplacedWildcard),
      ("*com", .misplacedWildcard), ("example.*", .misplacedWildcard),
      ("10.0.0.*", .misplacedWildcard),
      ("127.1", .ambiguousAddress), ("0x7f000001", .ambiguousAddress),
      ("2130706433", .ambiguousAddress), ("010.0.0.1", .ambiguousAddress),
      ("10.0.0.256", .ambiguousAddress), ("1.2.3.4.5", .ambiguousAddress),
      ("10.0.0.1.", .ambiguousAddress), ("１２７.0.0.1", .ambiguousAddress),
      ("10.0.0x1f", .ambiguousAddress), ("*.0.0.1", .ambiguousAddress),
      ("010.0.0.0/8", .ambiguousAddress), ("10/8", .ambiguousAddress),
      ("[::1", .badAddress), ("::1]", .badAddress), ("[10.0.0.1]", .badAddress),
      ("[github.com]", .badAddress), ("1:2:3", .badAddress), (":::", .badAddress),
      ("[::1]x", .badAddress), ("[::1]/128", .badAddress), ("g::1/64", .badAddress),
      ("fe80::1%eth0", .zoneIdentifier), ("[fe80::1%25eth0]", .zoneIdentifier),
      ("fe80::%eth0/64", .zoneIdentifier),
      ("10.0.0.0/33", .badPrefixLength), ("10.0.0.0/", .badPrefixLength),
      ("10.0.0.0/08", .badPrefixLength), ("10.0.0.0/-1", .badPrefixLength),
      ("10.0.0.0/255.0.0.0", .badPrefixLength), ("2001:db8::/129", .badPrefixLength),
      ("10.0.0.0/8/8", .badPrefixLength), ("10.0.0.0/99999999999999999999", .badPrefixLength),
      ("10.1.2.3/8", .bitsBehindPrefix(CIDR("10.0.0.0/8")!)),
      ("2001:db8::1/64", .bitsBehindPrefix(CIDR("2001:db8::/64")!)),
      (".", .badName(.empty)), ("*.", .badName(.empty)), ("a..b", .badName(.badLabel)),
      ("example.com..", .badName(.badLabel)), ("exa mple.com", .badName(.badByte)),
      (" example.com", .badName(.badByte)), ("example.com\n", .badName(.badByte)),
      ("user@example.com", .hasUserInfo), ("user:hunter2@example.com", .hasUserInfo),
      ("example.com@", .hasUserInfo),
      ("github.com:https", .hasPort(host: "github.com", port: "https")),
      ("a\0.com", .badName(.badByte)),
      ("a,b.com", .badName(.badByte)), ("/x", .hasPath(host: "")),
    ] as [(String, HostPatternError)])
  func refusals(pattern: String, error: HostPatternError) {
    #expect(throws: error) { try HostMatcher.parse(pattern) }
    #expect(!error.description.isEmpty)
  }

  @Test("the error tells what to write instead")
  func advice() {
    func text(_ pattern: String) -> String? {
      do { _ = try HostMatcher.parse(pattern) } catch { return error.description }
      return nil
    }
    #expect(
      text("github.com:443")
        == "a host pattern holds no port; write \"github.com\" and put 443 under \"port\"")
    #expect(
      text("https://github.com/") == "a host pattern holds no scheme; write \"github.com\"")
    #expect(
      text("github.com:https")
        == "a host pattern holds no port; write \"github.com\" and put the port under \"port\"")
    #expect(text("https://a\u{1b}[2Jb/") == "a host pattern holds no scheme")
    #expect(text("https://me:hunter2@b.de/") == "a host pattern holds no scheme; write \"b.de\"")
    #expect(
      text(".example.com") == "a host pattern can't begin with a dot; "
        + "write \"*.example.com\" for the names below it")
    #expect(text("10.1.2.3/8") == "bits are set behind the prefix; write \"10.0.0.0/8\"")
    #expect(
      text("*.co.uk")
        == "\"co.uk\" is a public suffix: \"*.co.uk\" would allow hosts of any owner")
  }
}
