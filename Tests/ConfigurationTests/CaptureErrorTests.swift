import Configuration
import Testing

/// What `capture:` refuses, each with one sentence at its place.
@Suite struct CaptureErrorTests {
  private func expect(_ keys: String, _ message: String) {
    let found = errors("workspaceId: w\ncapture: {\(keys)}\n")
    #expect(found.count == 1, "\(found)")
    #expect(found.first?.contains(": capture.\(message)") ?? false, "\(found)")
    #expect(found.first?.hasPrefix("c.yaml:2:") ?? false, "\(found)")
  }

  static let portRange = "must be two ports between 1 and 65535, the lower one first, not "
  static let port = "must be a port or a range such as 8000-8099"

  @Test(
    arguments: [
      ("\"22,25-\"", ": \(portRange)\"22,25-\""), ("[22, 25-]", "[1]: \(portRange)\"25-\""),
      ("\"22,\"", ": \(port), not the text \"22,\""),
      ("\"22,25\"", ": \(port), not the text \"22,25\""),
      ("70000", ": must be between 1 and 65535, not 70000"),
      ("0", ": must be between 1 and 65535, not 0"),
      ("[80, 0]", "[1]: must be between 1 and 65535, not 0"),
      ("-1", ": must be between 1 and 65535, not -1"), ("25-22", ": \(portRange)\"25-22\""),
      ("0-22", ": \(portRange)\"0-22\""), ("22-70000", ": \(portRange)\"22-70000\""),
      ("http", ": \(port), not the text \"http\""), ("~", ": has no value; it \(port)"),
      ("{a: 1}", ": \(port), not a section"), ("[[80]]", "[0]: \(port), not a list"),
      ("22:22", ": \(port) in plain decimal digits, not 22:22"),
      ("0x16", ": \(port) in plain decimal digits, not 0x16"),
    ], [("outbound", "includePorts"), ("outbound", "excludePorts"), ("inbound", "excludePorts")])
  func `ports are ports or ranges`(bad: (String, String), key: (String, String)) {
    expect("\(key.0): {\(key.1): \(bad.0)}", "\(key.0).\(key.1)\(bad.1)")
  }

  static let block = "must be an address or a CIDR block, not "

  @Test(
    arguments: [
      ("10.0.0.0/33", ": a prefix of IPv4 has 0 to 32 bits, unlike \"10.0.0.0/33\""),
      (
        "\"::ffff:1.2.3.4/200\"",
        ": a prefix of IPv6 has 0 to 128 bits, unlike \"::ffff:1.2.3.4/200\""
      ),
      ("10.1.2.3/8", ": 10.1.2.3/8 has bits set behind its prefix; the block is 10.0.0.0/8"),
      (
        "[10.0.0.0/8, \"fd00::1/64\"]",
        "[1]: fd00::1/64 has bits set behind its prefix; the block is fd00::/64"
      ),
      ("10.0.0.0/8/8", ": \(block)\"10.0.0.0/8/8\""), ("10.0.0.0/", ": \(block)\"10.0.0.0/\""),
      ("10.0.0.0/-1", ": \(block)\"10.0.0.0/-1\""), ("10.0.0.0/08", ": \(block)\"10.0.0.0/08\""),
      ("\"10.0.0.0/8,\"", ": \(block)\"10.0.0.0/8,\""), ("10.0.0/8", ": \(block)\"10.0.0/8\""),
      ("example.com", ": \(block)\"example.com\""), ("\"\"", ": \(block)\"\""),
      ("10.0.0.1:80", ": \(block)\"10.0.0.1:80\""),
      ("\"fe80::1%eth0\"", ": \(block)\"fe80::1%eth0\""),
      ("~", ": has no value; it must be an address or a CIDR block"),
      ("{}", ": must be an address or a CIDR block, not a section"),
    ], [("outbound", "includeCIDRs"), ("outbound", "excludeCIDRs")])
  func `blocks are exact`(bad: (String, String), key: (String, String)) {
    expect("\(key.0): {\(key.1): \(bad.0)}", "\(key.0).\(key.1)\(bad.1)")
  }

  @Test(arguments: [
    ("outbound: {includePorts: []}", "outbound.includePorts: names no port; leave it out"),
    ("outbound: {includeCIDRs: []}", "outbound.includeCIDRs: names no address; leave it out"),
    (
      "inbound: {redirect: true, includePorts: []}",
      "inbound.includePorts: names no port; leave it out"
    ),
    ("loopbackCIDRs: []", "loopbackCIDRs: names no address; leave it out"),
  ])
  func `an inclusion of nothing may mean all or none`(keys: String, message: String) {
    expect(keys, message)
  }

  @Test(
    arguments: [
      ("eth0;drop", ": no interface's name may hold ';': \"eth0;drop\""),
      ("\"eth0,\"", ": no interface's name may hold ',': \"eth0,\""),
      ("\"a b\"", ": no interface's name may hold a space: \"a b\""),
      ("\"a\\nb\"", ": no interface's name may hold control or invisible characters: \"a\\nb\""),
      ("\"a\\\"b\"", ": no interface's name may hold '\"': \"a\"b\""),
      ("a/b", ": no interface's name may hold '/': \"a/b\""),
      ("\"a*b\"", ": no interface's name may hold '*' but at its end: \"a*b\""),
      ("\"\"", ": must be an interface's name such as eth0 or cali*, not empty"),
      ("\"*\"", ": \"*\" alone would mean every interface; name the ones that are meant"),
      ("..", ": \"..\" is the name of no interface"),
      (
        "abcdefghijklmnop",
        ": an interface's name has at most 15 bytes; \"abcdefghijklmnop\" has 16"
      ),
      ("[eth0, lo]", "[1]: lo means the loopback interface, which has rules of its own"),
      ("\"l*\"", ": l* means the loopback interface, which has rules of its own"),
      ("[eth0, 7]", "[1]: must be an interface's name such as eth0 or cali*; 7 without quotes is"),
    ], ["exclude", "treatAsOutbound"])
  func `interfaces have names`(bad: (String, String), key: String) {
    expect("interfaces: {\(key): \(bad.0)}", "interfaces.\(key)\(bad.1)")
  }

  @Test(arguments: [
    ("proxyUID: 0", "proxyUID: root (0) can't be the proxy's uid"),
    ("proxyUID: [1, 0]", "proxyUID[1]: root (0) can't be the proxy's uid"),
    ("proxyUID: [1337, 2000, 1337]", "proxyUID: 1337 is listed twice"),
    ("proxyGID: 0", "proxyGID: root's group (0) can't be the proxy's gid"),
    ("proxyGID: [5, 5]", "proxyGID: 5 is listed twice"),
    ("proxyGID: 4294967295", "proxyGID: must be between 1 and 4294967294, not 4294967295"),
    ("proxyGID: proxy", "proxyGID: must be an integer, not the text \"proxy\""),
    ("workloadUIDs: [7, 7]", "workloadUIDs: 7 is listed twice"),
    ("workloadUIDs: -1", "workloadUIDs: must be between 0 and 4294967294, not -1"),
    ("workloadUIDs: [1000, 1337]", "workloadUIDs: 1337 is the proxy's uid: the workload would"),
    ("proxyUID: 5, workloadUIDs: 5", "workloadUIDs: 5 is the proxy's uid: the workload would"),
  ])
  func `uids and gids are nobody else's`(keys: String, message: String) {
    expect(keys, message)
  }

  @Test(arguments: [
    ("mode: gatway", "mode: must be sidecar or gateway, not gatway (did you mean \"gateway\"?)"),
    (
      "nonTCP: rejct",
      "nonTCP: must be reject or drop or allow, not rejct (did you mean \"reject\"?)"
    ),
    ("nonTCP: accept", "nonTCP: must be reject or drop or allow, not accept"),
    (
      "existingConnections: kep",
      "existingConnections: must be cut or keep, not kep (did you mean \"keep\"?)"
    ),
    ("rawFrames: blok", "rawFrames: must be block or ignore, not blok (did you mean \"block\"?)"),
    ("rawFrames: ~", "rawFrames: has no value; it must be block or ignore"),
    ("dns: maybe", "dns: must be true or false, not maybe"),
    ("dropInvalid: 1", "dropInvalid: must be true or false, not 1"),
    ("inbound: {redirect: ture}", "inbound.redirect: must be true or false, not ture (did you"),
    ("outbound: {excludePort: 1}", "outbound.excludePort: there is no such key here (did you mean"),
    ("resolvers: dns.example", "resolvers: must be an IPv4 or IPv6 address, not \"dns.example\""),
    ("resolvers: ~", "resolvers: has no value; it must be an IPv4 or IPv6 address"),
  ])
  func `a word that isn't one is answered with the nearest`(keys: String, message: String) {
    expect(keys, message)
  }

  @Test(arguments: [
    ("10.0.0.0/8", "10.0.0.0/8 is no part of 127.0.0.0/8 or ::1"),
    ("[127.0.0.1, \"::/127\"]", "::/127 is no part of 127.0.0.0/8 or ::1"),
    ("126.0.0.0/7", "126.0.0.0/7 is no part of 127.0.0.0/8 or ::1"),
    ("127.1.0.0/16", "must hold 127.0.0.1, where the sidecar and most servers of a pod listen"),
  ])
  func `the loopback range stays in its range and holds localhost`(value: String, message: String) {
    expect("loopbackCIDRs: \(value)", "loopbackCIDRs: \(message)")
  }

  static let gateway = "mode: gateway, gateway: {sources: 10.1.0.0/16, interfaces: eth1}"

  @Test(arguments: [
    ("gateway: {sources: 10.1.0.0/16}", "gateway: is for gateway mode; the mode is sidecar"),
    ("gateway: {method: tproxy}", "gateway: is for gateway mode; the mode is sidecar"),
    (
      "mode: gateway, gateway: {sources: 10.1.0.0/16}",
      "gateway.interfaces: the key is required in gateway mode and missing"
    ),
    (
      "mode: gateway, gateway: {interfaces: eth1}",
      "gateway.sources: the key is required in gateway mode and missing"
    ),
    (
      "mode: gateway, gateway: {sources: [], interfaces: eth1}",
      "gateway.sources: names no address"
    ),
    (
      "mode: gateway, gateway: {sources: 10.1.0.0/16, interfaces: []}",
      "gateway.interfaces: names no interface"
    ),
    (
      "mode: gateway, gateway: {sources: 10.1.0.0/99, interfaces: eth1}",
      "gateway.sources: a prefix of IPv4 has 0 to 32 bits"
    ),
    (
      "mode: gateway, gateway: {sources: 10.1.0.0/16, interfaces: eth1;drop}",
      "gateway.interfaces: no interface's name may hold ';'"
    ),
    (
      "mode: gateway, gateway: {sources: 10.1.0.0/16, interfaces: eth1, method: tproxi}",
      "gateway.method: must be redirect or tproxy, not tproxi (did you mean \"tproxy\"?)"
    ),
    ("\(gateway), inbound: {redirect: true}", "inbound.redirect: is for sidecar mode only"),
    (
      "\(gateway), interfaces: {treatAsOutbound: eth2}",
      "interfaces.treatAsOutbound: is for sidecar mode only; the mode is gateway"
    ),
    ("\(gateway), loopbackCIDRs: 127.0.0.1", "loopbackCIDRs: is for sidecar mode only"),
    ("\(gateway), rawFrames: block", "rawFrames: block is for sidecar mode only"),
    (
      "\(gateway), interfaces: {exclude: \"eth*\"}",
      "gateway.interfaces: eth1 overlaps with eth* in interfaces.exclude"
    ),
    (
      "interfaces: {exclude: eth1, treatAsOutbound: eth1}",
      "interfaces.treatAsOutbound: eth1 is listed in interfaces.exclude too"
    ),
    (
      "interfaces: {exclude: eth1, treatAsOutbound: \"eth*\"}",
      "interfaces.treatAsOutbound: eth* overlaps with eth1 in interfaces.exclude"
    ),
  ])
  func `keys that contradict each other or the mode are refused`(keys: String, message: String) {
    expect(keys, message)
  }

  @Test func `gateway mode without a gateway says both keys that it needs`() {
    #expect(
      errors("workspaceId: w\ncapture: {mode: gateway}\n") == [
        "c.yaml:2:10: capture.gateway.sources: the key is required in gateway mode and missing",
        "c.yaml:2:10: capture.gateway.interfaces: the key is required in gateway mode and missing",
      ])
  }

  @Test(arguments: [
    ("value: 0x3000", "value: must be a single bit of the mask 0xf000, unlike 0x3000"),
    ("value: 0", "value: must be a single bit of the mask 0xf000, unlike 0x0"),
    ("value: 1", "value: must be a single bit of the mask 0xf000, unlike 0x1"),
    ("value: 0x4000", "value: 7 times 0x4000 does not fit into the mask 0xf000"),
    ("mask: 0", "mask: must be one run of at least three bits, unlike 0x0"),
    ("mask: 0x3000", "mask: must be one run of at least three bits, unlike 0x3000"),
    ("mask: 0xb000", "mask: must be one run of at least three bits, unlike 0xb000"),
    ("mask: 0xff00", "mask: 0xff00 overlaps with 0x0f00, which is Cilium's"),
    ("mask: 0xffffffff", "mask: 0xffffffff overlaps with 0x0f00, which is Cilium's"),
    ("mask: 0x70000", "mask: must be a single bit of the mask 0x70000, unlike 0x1000"),
    (
      "value: 0x40000000, mask: 0xe0000000",
      "value: 7 times 0x40000000 does not fit into the mask 0xe0000000"
    ),
    ("value: 0x", "value: must be 32 bits such as 0x1000, not 0x"),
    ("value: 0x100000000", "value: must be 32 bits such as 0x1000, not 0x100000000"),
    ("value: -1", "value: must be 32 bits such as 0x1000, not -1"),
    ("mask: all", "mask: must be 32 bits such as 0x1000, not all"),
  ])
  func `a mark is a run of bits with room for seven tags`(keys: String, message: String) {
    expect("mark: {\(keys)}", "mark.\(message)")
  }

  @Test(arguments: ["0x4000", "0x8000"])
  func `with tproxy, whose mark is the packet's, kube-proxy's bits are refused`(value: String) {
    let mark = "mark: {value: \(value), mask: 0x7f000}"
    expect(
      "mode: gateway, gateway: {sources: 10.1.0.0/16, interfaces: eth1, method: tproxy}, \(mark)",
      "mark.value: \(value) is kube-proxy's bit of the packet mark")
    #expect(errors("workspaceId: w\ncapture: {\(Self.gateway), \(mark)}\n") == [])
  }

  @Test(arguments: [
    ("15001", "15001 is the proxyPort"), ("[80, 15006]", "15006 is the inboundPort"),
    ("15000", "15000 is the adminPort"), ("\"15053-15053\"", "15053 is the dnsPort"),
    ("15021", "15021 is the healthPort"), ("[15000-16000, 15000]", "15000 is the adminPort"),
  ])
  func `a port of the sidecar is never redirected to it`(ports: String, message: String) {
    expect(
      "inbound: {redirect: true, includePorts: \(ports)}",
      "inbound.includePorts: \(message): connections to the sidecar itself are never redirected")
  }

  @Test func `errors stand where the value does`() {
    #expect(
      errors(
        """
        workspaceId: w
        capture:
          mode: gateway
          gateway:
            sources: 10.0.0.0/8
          inbound:
            redirect: true
          outbound:
            excludeCIDRs:
              - 10.0.0.0/8
              - 10.1.2.3/8
          workloadUIDs: 1337
        """
      ).map { $0.split(separator: " ").prefix(2).joined(separator: " ") } == [
        "c.yaml:5:5: capture.gateway.interfaces:", "c.yaml:7:15: capture.inbound.redirect:",
        "c.yaml:11:9: capture.outbound.excludeCIDRs[1]:", "c.yaml:12:17: capture.workloadUIDs:",
      ])
  }
}
