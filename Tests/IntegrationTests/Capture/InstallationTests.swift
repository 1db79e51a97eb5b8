import Capture
import Foundation
import TestNetwork
import Testing

/// What `apply` and `remove` leave behind: rules and routing together, whatever was there before.
@Suite("A plan is put in force whole, and taken away whole", .enabled(if: Requirement.privileged))
struct InstallationTests {
  private static let sidecar = CapturedPod.document
  private static let other = """
    workspaceId: ws-test
    capture:
      proxyUID: [1337, 1338]
      resolvers: []
      outbound: {excludePorts: [22], excludeCIDRs: [192.0.2.0/24]}
    """
  private static func gateway(_ method: String, interface: String = "pod0") -> String {
    """
    workspaceId: ws-test
    capture:
      mode: gateway
      resolvers: []
      gateway: {sources: [10.77.1.0/24, "fd77:1::/64"], interfaces: [\(interface)], method: \(method)}
    """
  }

  /// All of ours that is in force.
  private struct State: Equatable {
    var rules: String
    var routing: String

    init(_ place: NetworkNamespace) throws {
      // A table that isn't there has no text. The bits that raw frames lack are new each time.
      rules = try ["inet portarium", "inet portarium_frames", "netdev portarium"].map {
        try place.run(["nft", "-s", "list", "table"] + $0.split(separator: " ").map(String.init))
          .output
      }.joined().replacingOccurrences(
        of: "(?<=meta mark |meta mark set |meta priority |meta priority set )[0-9a-fx:]+",
        with: "BITS", options: .regularExpression)
      routing = try ["-4", "-6"].map { family in
        try place.run(["ip", family, "rule"]).lines.filter { $0.contains("1337") }
          .joined(separator: "\n")
      }.joined(separator: "\n")
    }
  }

  /// A router with one interface to pods, with or without addresses.
  private func makeRouter(hasAddresses: Bool = true) throws -> NetworkNamespace {
    let router = try NetworkNamespace("router")
    try router.ip("link", "add", "pod0", "type", "veth", "peer", "name", "pod1")
    try router.ip("link", "set", "pod0", "up")
    if hasAddresses {
      try router.addAddress("10.77.1.1/24", to: "pod0")
      try router.addAddress("fd77:1::1/64", to: "pod0")
    }
    return router
  }

  @Test("Whatever was in force before, exactly the new state is left")
  func everyChange() throws {
    let place = try makeRouter()
    let documents = [
      Self.sidecar, Self.gateway("tproxy"), Self.other, Self.gateway("redirect"),
      Self.gateway("tproxy", interface: "pod*"),
    ]
    var fresh: [State] = []
    for document in documents {
      try InitContainer.run("apply", in: place, document: document).checked()
      fresh.append(try State(place))
      try InitContainer.run("remove", in: place, document: document).checked()
      #expect(try State(place).rules == "")
      #expect(try State(place).routing == "\n")
    }
    #expect(Set(fresh.map(\.rules)).count == documents.count)
    for (index, before) in documents.enumerated() {
      for (next, document) in documents.enumerated() {
        try InitContainer.run("apply", in: place, document: before).checked()
        try InitContainer.run("apply", in: place, document: document).checked()
        #expect(try State(place) == fresh[next], "after \(index)")
      }
    }
  }

  @Test("A routing rule that TPROXY lacks, or that is left of it, is a difference")
  func routingDiffers() throws {
    let place = try makeRouter()
    try InitContainer.run("apply", in: place, document: Self.gateway("tproxy")).checked()
    func difference(_ document: String) throws -> Finished {
      try InitContainer.run("diff", in: place, document: document)
    }
    #expect(try difference(Self.gateway("tproxy")).output == "no difference\n")
    let rule = "rule fwmark 0x1000/0x1000 iif pod0 lookup 1337"
    #expect(try difference(Self.gateway("redirect")).lines.contains("+\(rule)"))
    try place.ip("-6", "rule", "del", "fwmark", "0x1000/0x1000", "table", "1337")
    let lacking = try difference(Self.gateway("tproxy"))
    #expect(lacking.status == 1)
    #expect(lacking.lines.last == "-\(rule)")
  }

  @Test(
    "Killed before any of its system calls, apply leaves the old rules or the new ones",
    arguments: [
      (nil, sidecar), (sidecar, other), (sidecar, gateway("tproxy")), (gateway("tproxy"), other),
    ])
  func killed(before: String?, after: String) throws {
    let place = try makeRouter()
    func reset() throws {
      if let before {
        try InitContainer.run("apply", in: place, document: before).checked()
      } else {
        try InitContainer.run("remove", in: place, document: after).checked()
      }
    }
    try InitContainer.run("apply", in: place, document: after).checked()
    let new = try State(place)
    try reset()
    let old = try State(place)
    #expect(old != new)
    let path = Scratch.file("config.yaml", after)
    var kills = 0
    var wasNew = false
    while true {
      try reset()
      let run = try place.run(
        [
          "strace", "-f", "-qqq", "-o", "/dev/null", "-e", "trace=%network,close,exit_group", "-e",
          "inject=%network,exit_group:signal=KILL:when=\(kills + 1)",
          try Binary.initContainer.path, "apply", "--config", path,
        ], environment: Sanitizer.traced)
      guard run.termination != .exited(0) else { break }
      kills += 1
      let state = try State(place)
      #expect(state.rules == (wasNew ? new.rules : old.rules) || state.rules == new.rules)
      // Packets that the rules mark must be routed to this host.
      if state.rules == new.rules { #expect(state.routing.contains(new.routing)) }
      if state.rules == old.rules, !wasNew { #expect(state.routing.contains(old.routing)) }
      wasNew = state.rules == new.rules
      try #require(kills < 300)
    }
    #expect(kills > 10)
    #expect(wasNew)
    #expect(try State(place) == new)
  }

  @Test(
    "200 applies in turn break none of 100 redirected connections and leave nothing of each other")
  func alternate() throws {
    let pod = try CapturedPod()
    let proxy = try pod.pod.start(
      ["/usr/bin/python3", Scratch.script("crowd.py"), "listen", "127.0.0.1", "15001"], as: .proxy)
    try proxy.waitForLine("ready") { $0 == "ready" }
    let crowd = try pod.pod.start(
      ["/usr/bin/python3", Scratch.script("crowd.py"), "carry", CapturedPod.evil4, "443", "100"],
      as: .workload)
    try crowd.waitForLine("ready") { $0 == "ready" }
    var states: [State] = []
    for document in [Self.sidecar, Self.other] {
      try pod.apply(document)
      states.append(try State(pod.pod))
    }
    for number in 0..<200 { try pod.apply([Self.sidecar, Self.other][number % 2]) }
    #expect(try State(pod.pod) == states[1])
    try pod.apply(Self.sidecar)
    #expect(try State(pod.pod) == states[0])
    crowd.signal(SIGTERM)
    let line = try #require(crowd.wait().checked().lines.last)
    #expect(line.hasPrefix(#"{"alive": 100, "fewest": "#), "\(line)")
    #expect(!line.contains(#""fewest": 0"#), "\(line)")
    #expect(try pod.wire().evil == 0)
    withExtendedLifetime(proxy) {}
  }

  @Test("remove resets redirected connections")
  func removeResets() throws {
    let pod = try CapturedPod()
    let proxy = try pod.pod.start(
      ["/usr/bin/python3", Scratch.script("crowd.py"), "listen", "127.0.0.1", "15001"], as: .proxy)
    try proxy.waitForLine("ready") { $0 == "ready" }
    let crowd = try pod.pod.start(
      ["/usr/bin/python3", Scratch.script("crowd.py"), "carry", CapturedPod.evil4, "443", "5"],
      as: .workload)
    try crowd.waitForLine("ready") { $0 == "ready" }
    try InitContainer.run("remove", in: pod.pod, document: Self.sidecar).checked()
    let line = try #require(crowd.wait().checked().lines.last)
    #expect(line.hasPrefix(#"{"alive": 0, "#), "\(line)")
    withExtendedLifetime(proxy) {}
  }

  @Test(
    "A table of one of our names that somebody else made is left alone",
    arguments: ["apply", "remove"],
    ["inet portarium", "inet portarium_frames", "netdev portarium"])
  func foreignTable(verb: String, name: String) throws {
    let place = try NetworkNamespace("foreign")
    let hook = name.hasPrefix("netdev") ? "ingress device \"lo\"" : "output"
    let content = """
      table \(name) {
        chain theirs { type filter hook \(hook) priority 0; policy accept; counter; }
      }
      """
    try place.run(["nft", "-f", Scratch.file("foreign.nft", content)]).checked()
    let before = try State(place)
    let refused = try InitContainer.run(verb, in: place, document: Self.sidecar)
    #expect(refused.status == 2)
    #expect(refused.errors.contains("there is a table \(name) that portarium-init didn't make"))
    #expect(try State(place) == before)
  }

  @Test(
    "Interfaces that don't fit the document: exit 2, a sentence, nothing applied",
    arguments: [
      ("interfaces: {exclude: [eth7]}", "capture.interfaces.exclude: there is no interface eth7"),
      (
        "interfaces: {treatAsOutbound: [vm0]}",
        "capture.interfaces.treatAsOutbound: there is no interface vm0"
      ),
      (
        "interfaces: {treatAsOutbound: [pod0]}",
        "capture.interfaces.treatAsOutbound: pod0 has no IPv4 address to redirect to"
      ),
      (
        "mode: gateway, gateway: {sources: [10.0.0.0/8], interfaces: [pod9]}",
        "capture.gateway.interfaces: there is no interface pod9"
      ),
      (
        "mode: gateway, gateway: {sources: [\"fd00::/8\"], interfaces: [\"pod*\"]}",
        "no IPv6 address to redirect to; give it one, or set capture.gateway.method to tproxy"
      ),
    ])
  func interfaces(capture: String, sentence: String) throws {
    let place = try makeRouter(hasAddresses: false)
    let refused = try InitContainer.run(
      "apply", in: place,
      document: "workspaceId: ws-test\ncapture: {resolvers: [], \(capture)}")
    #expect(refused.status == 2)
    #expect(refused.errors.contains(sentence), "\(refused.errors)")
    #expect(try State(place).rules == "")
  }

  private static let manyBlocks: String =
    "workspaceId: ws-test\ncapture:\n  resolvers: []\n  outbound:\n    excludeCIDRs:\n"
    // Every other /24: none can be joined with the next.
    + (0..<20_000).map { "      - 10.\($0 / 128).\($0 % 128 * 2).0/24\n" }.joined()

  @Test("20,000 blocks are in force after apply, and not one is missing or too many")
  func manyBlocks() throws {
    let place = try NetworkNamespace("blocks")
    for _ in 1...2 {
      try InitContainer.run("apply", in: place, document: Self.manyBlocks).checked()
      let difference = try InitContainer.run("diff", in: place, document: Self.manyBlocks)
      #expect(difference.status == 0, "\(difference.output.prefix(500))")
    }
  }

  @Test("In a user namespace it depends on the system's limit, which is then named")
  func userNamespace() throws {
    let place = try NetworkNamespace("inner")
    let path = Scratch.file("config.yaml", Self.manyBlocks)
    let run = try place.run(
      [
        "unshare", "--user", "--net", "--map-root-user", "sh", "-c",
        "\(try Binary.initContainer.path) apply --config \(path); echo $?; nft list tables",
      ])
    let limit = try Int(
      String(contentsOfFile: "/proc/sys/net/core/wmem_max", encoding: .utf8)
        .trimmingCharacters(in: .newlines))
    if try #require(limit) >= 4 << 20 {
      #expect(run.lines.contains("0") && run.output.contains("table inet portarium"), "\(run)")
    } else {
      #expect(run.lines == ["5"], "\(run)")
      #expect(run.errors.contains("net.core.wmem_max"), "\(run)")
    }
  }
}
