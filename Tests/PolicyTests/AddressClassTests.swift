import Addressing
import Policy
import Testing

@Suite("Forbidden addresses")
struct AddressClassTests {
  @Test(
    "each class is known in each encoding, with the block that names it",
    arguments: [
      ("127.0.0.1", .loopback, "127.0.0.0/8"), ("127.255.255.255", .loopback, "127.0.0.0/8"),
      ("::1", .loopback, "::1"),
      ("169.254.169.254", .linkLocal, "169.254.0.0/16"), ("fe80::1", .linkLocal, "fe80::/10"),
      ("febf:ffff::1", .linkLocal, "fe80::/10"),
      ("fd00:ec2::254", .metadata, "fd00:ec2::254"), ("fd20:ce::254", .metadata, "fd20:ce::254"),
      ("100.100.100.200", .metadata, "100.100.100.200"),
      ("168.63.129.16", .metadata, "168.63.129.16"),
      ("0.0.0.0", .unspecified, "0.0.0.0/8"), ("0.1.2.3", .unspecified, "0.0.0.0/8"),
      ("::", .unspecified, "::"),
      ("224.0.0.1", .multicast, "224.0.0.0/4"), ("239.255.255.255", .multicast, "224.0.0.0/4"),
      ("ff02::1", .multicast, "ff00::/8"),
      ("255.255.255.255", .broadcast, "255.255.255.255"),
      // IPv4-mapped: the kernel sends it as IPv4.
      ("::ffff:127.0.0.1", .loopback, "127.0.0.0/8"),
      ("::ffff:a9fe:a9fe", .linkLocal, "169.254.0.0/16"),
      // IPv4-compatible.
      ("::127.0.0.1", .loopback, "::7f00:0/104"),
      ("::169.254.169.254", .linkLocal, "::a9fe:0/112"),
      ("::2", .unspecified, "::/104"),
      // NAT64.
      ("64:ff9b::127.0.0.1", .loopback, "64:ff9b::7f00:0/104"),
      ("64:ff9b::169.254.169.254", .linkLocal, "64:ff9b::a9fe:0/112"),
      ("64:ff9b::", .unspecified, "64:ff9b::/104"),
      ("64:ff9b::e000:1", .multicast, "64:ff9b::e000:0/100"),
      // 6to4.
      ("2002:7f00:1::", .loopback, "2002:7f00::/24"),
      ("2002:a9fe:a9fe::1", .linkLocal, "2002:a9fe::/32"),
      ("2002:ffff:ffff::1", .broadcast, "2002:ffff:ffff::/48"),
      // Teredo: the client's address is inverted.
      ("2001:0:4136:e378:8000:63bf:80ff:fffe", .loopback, "2001:0:4136:e378:8000:63bf:8000:0/104"),
      ("2001::5601:5601", .linkLocal, "2001::5601:0/112"),
    ] as [(String, AddressClass, String)])
  func known(text: String, addressClass: AddressClass, block: String) throws {
    let address = try #require(IPAddress(text))
    let forbidden = try #require(ForbiddenAddress(address))
    #expect(forbidden.addressClass == addressClass)
    #expect(forbidden.block == CIDR(block))
    #expect(forbidden.block.contains(address.canonical))
  }

  @Test(
    "its neighbours and the addresses of ordinary networks are free",
    arguments: [
      "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "223.255.255.255",
      "240.0.0.1", "255.255.255.254", "1.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.0.1",
      "100.64.0.1", "100.100.100.201", "168.63.129.17",
      "2001:db8::1", "fd00::1", "fec0::1", "fe00::1", "fe7f:ffff::1", "fd00:ec2::253",
      "::8.8.8.8", "64:ff9b::8.8.8.8", "64:ff9c::127.0.0.1", "64:ff9b:1::127.0.0.1",
      "2002:808:808::1", "2003:7f00:1::", "2001:1::80ff:fffe", "2001::f7f7:f7f7",
      "2001::7f00:1", "::1:0:0:1",
    ])
  func ordinary(text: String) throws {
    #expect(ForbiddenAddress(try #require(IPAddress(text))) == nil)
  }

  static let encodings = [
    "127.0.0.1", "::1", "169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1",
    "255.255.255.255", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::169.254.169.254",
    "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "fd00:ec2::254", "100.100.100.200",
  ]

  @Test("no name rule and no wide block reaches one", arguments: encodings)
  func unreachable(text: String) throws {
    for mode in EnforcementMode.allCases {
      let ruleset = Ruleset(
        rules: [
          try rule("*"), try rule("rebound.example.com"), try rule("*.example.com"),
          try rule("0.0.0.0/0", ports: [1...65535]), try rule("::/0", ports: [1...65535]),
          try rule("0.0.0.0/1"), try rule("128.0.0.0/1"), try rule("64:ff9b::/96"),
          try rule("2002::/16"), try rule("2001::/32"), try rule("::/96"), try rule("fc00::/7"),
        ], enforcementMode: mode)
      let flows = [
        try http("GET", "rebound.example.com", to: text), try http("GET", nil, to: text),
        try tls("rebound.example.com", to: text), try tls(nil, to: text),
        try opaque(to: text, 22), try silent(to: text, 22),
      ]
      for flow in flows {
        #expect(ruleset.outcome(flow) == .denied(.forbiddenAddress))
      }
      #expect(try ruleset.outcomeWithoutPeeking(text, 22) == nil)
    }
  }

  @Test(
    "a rule that names the address, or a block within its class, reaches it", arguments: encodings)
  func named(text: String) throws {
    let address = try #require(IPAddress(text))
    let block = try #require(ForbiddenAddress(address)).block
    for pattern in [text, "\(block.base)/\(block.prefixLength)"] {
      let ruleset = Ruleset([try rule("*"), try rule(pattern)])
      #expect(ruleset.outcome(try http("GET", "a.example.com", to: text)) == .allowed(by: 1))
      #expect(ruleset.outcome(try opaque(to: text, 22)) == .allowed(by: 1))
    }
  }

  @Test("a named address is still held to ports and methods, in monitor mode too")
  func namedButMissed() throws {
    for mode in EnforcementMode.allCases {
      let ruleset = Ruleset(
        rules: [try rule("169.254.169.254", ports: [80...80], methods: ["GET"])],
        enforcementMode: mode)
      #expect(ruleset.outcome(try http("GET", nil, to: "169.254.169.254")) == .allowed(by: 0))
      #expect(
        ruleset.outcome(try http("PUT", nil, to: "169.254.169.254"))
          == .denied(.methodNotAllowed, miss: NearestMiss(ruleIndex: 0, missed: .method)))
      #expect(
        ruleset.outcome(try http("GET", nil, to: "169.254.169.254", 81))
          == .denied(.portNotAllowed, miss: NearestMiss(ruleIndex: 0, missed: .port)))
    }
  }
}
