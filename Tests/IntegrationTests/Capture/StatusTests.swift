import Foundation
import TestNetwork
import Testing

/// `portarium-init status`, each line of it once right and once wrong.
@Suite("status tells what is in force", .enabled(if: Requirement.privileged))
struct StatusTests {
  private func status(
    in place: NetworkNamespace, document: String? = CapturedPod.document, json: Bool = false,
    as user: User = .root
  ) throws -> Finished {
    let config = document.map { ["--config", Scratch.file("config.yaml", $0)] } ?? []
    return try place.run(
      [try Binary.initContainer.path, "status"] + config + (json ? ["--json"] : []), as: user)
  }

  private func fields(
    in place: NetworkNamespace, document: String? = CapturedPod.document
  ) throws -> [String: Any] {
    let finished = try status(in: place, document: document, json: true)
    let object = try JSONSerialization.jsonObject(with: Data(finished.output.utf8))
    let fields = try #require(object as? [String: Any], "\(finished.errors)")
    #expect(fields["inForce"] as? Bool == (finished.status == 0))
    return fields
  }

  private func applied(_ role: String) throws -> NetworkNamespace {
    let place = try NetworkNamespace(role)
    try InitContainer.run("apply", in: place, document: CapturedPod.document).checked()
    return place
  }

  @Test("Nothing, ours, somebody else's of our name: exit 1, 0, 1")
  func table() throws {
    let place = try NetworkNamespace("status")
    var found = try fields(in: place)
    #expect(found["table"] as? String == "none")
    #expect(found["since"] == nil)
    #expect(try status(in: place).output.hasPrefix("NOT IN FORCE: there is no table"))
    try place.run(["nft", "add", "table", "inet", "portarium"]).checked()
    try place.run(["nft", "add", "chain", "inet", "portarium", "theirs"]).checked()
    found = try fields(in: place)
    #expect(found["table"] as? String == "foreign")
    try place.run(["nft", "flush", "ruleset"]).checked()
    try InitContainer.run("apply", in: place, document: CapturedPod.document).checked()
    found = try fields(in: place)
    #expect(found["table"] as? String == "ours")
    #expect(found["mode"] as? String == "sidecar")
    #expect(found["document"] as? String == "same")
    let since = try #require(found["since"] as? String)
    let date = try #require(ISO8601DateFormatter().date(from: since))
    #expect(abs(date.timeIntervalSinceNow) < 60)
    #expect(try status(in: place).output.hasPrefix("IN FORCE: sidecar, since \(since) ("))
  }

  @Test("The document: as it says, different, not there")
  func document() throws {
    let place = try applied("statusdoc")
    #expect(try fields(in: place, document: nil)["document"] as? String == "unknown")
    try place.run(["nft", "add", "rule", "inet", "portarium", "output", "accept"]).checked()
    let found = try fields(in: place)
    #expect(found["document"] as? String == "differs")
    #expect(found["differences"] as? Int == 1)
    // The rules are still counted by what they mean, but for the new one.
    #expect(try status(in: place).output.contains("differs in one place"))
    let bad = try status(in: place, document: "capture: {nonTCP: maybe}")
    #expect(bad.status == 2)
    #expect(bad.output.hasPrefix("IN FORCE"))
  }

  @Test("What was counted, by what it means")
  func counters() throws {
    let place = try applied("statuscount")
    func packets(_ meaning: String) throws -> Int {
      let totals = try fields(in: place)["totals"] as? [String: [String: Int]]
      return try #require(totals?[meaning]?["packets"])
    }
    #expect(try packets("local") == 0)
    try place.run(["/usr/bin/python3", Scratch.script("probe.py"), "tcp", "127.0.0.1", "9"])
    #expect(try packets("local") > 0)
    #expect(try packets("captured") == 0)
    let rules = try #require(try fields(in: place)["rules"] as? [[String: Any]])
    #expect(rules.count > 20)
    #expect(rules.allSatisfy { $0["meaning"] as? String != "unknown" })
    try place.run(["nft", "add", "rule", "inet", "portarium", "output", "counter"]).checked()
    let changed = try #require(try fields(in: place)["rules"] as? [[String: Any]])
    #expect(changed.filter { $0["meaning"] as? String == "unknown" }.count == 1)
  }

  @Test("Others' tables are named with their makers, harmless ones not at all")
  func foreign() throws {
    let place = try applied("statusothers")
    #expect((try fields(in: place)["foreignTables"] as? [Any])?.isEmpty == true)
    try place.run(["nft", "-f", Scratch.file("others.nft", Self.others)]).checked()
    let found = try #require(try fields(in: place)["foreignTables"] as? [[String: Any]])
    let owners = Dictionary(
      uniqueKeysWithValues: found.map {
        ("\($0["family"] ?? "") \($0["name"] ?? "")", $0["owner"] as? String ?? "-")
      })
    #expect(
      owners == [
        "inet istio-proxy-nat": "Istio", "ip nat": "Linkerd", "ip kube-proxy": "kube-proxy",
        "ip6 nat": "Docker's DNS", "ip mangle": "Cilium", "ip raw": "Calico",
        "inet firewalld": "firewalld", "ip filter": "ufw", "inet unknown": "-",
      ])
    #expect(
      try status(in: place).output.contains(
        "OUTPUT, nat output -100: translates as early as ours"))
  }

  /// As the programs make them, cut down to what tells them apart.
  private static let others = """
    table inet istio-proxy-nat {
      chain istio-output { meta l4proto tcp redirect to :15001; }
      chain output { type nat hook output priority -100; jump istio-output; }
    }
    table ip nat {
      chain PROXY_INIT_OUTPUT { meta skuid 2102 return; }
      chain OUTPUT { type nat hook output priority -100; jump PROXY_INIT_OUTPUT; }
    }
    table ip kube-proxy {
      chain services { }
      chain nat-output { type nat hook output priority -100; jump services; }
    }
    table ip6 nat {
      chain DOCKER_OUTPUT { }
      chain OUTPUT { type nat hook output priority -100; jump DOCKER_OUTPUT; }
    }
    table ip mangle {
      chain CILIUM_PRE_mangle { }
      chain PREROUTING { type filter hook prerouting priority -150; jump CILIUM_PRE_mangle; }
    }
    table ip raw {
      chain cali-OUTPUT { notrack; }
      chain OUTPUT { type filter hook output priority -300; jump cali-OUTPUT; }
    }
    table inet firewalld {
      chain filter_OUTPUT { type filter hook output priority 10; }
    }
    table ip filter {
      chain ufw-before-output { }
      chain OUTPUT { type filter hook output priority 0; policy drop; jump ufw-before-output; }
    }
    table inet unknown {
      chain early { type filter hook output priority -5; accept; }
    }
    table inet harmless {
      chain late { type nat hook postrouting priority 100; masquerade; }
      chain output { type filter hook output priority 0; accept; }
    }
    """

  @Test("Raw frames: which devices are guarded, and which came later")
  func frames() throws {
    let place = try NetworkNamespace("statusraw")
    let other = try NetworkNamespace("statusraw2")
    try NetworkNamespace.connect(place, "eth0", other, "eth0")
    try InitContainer.run("apply", in: place, document: CapturedPod.document).checked()
    func frames() throws -> [String: Any] {
      try #require(try fields(in: place)["rawFrames"] as? [String: Any])
    }
    #expect(try frames()["devices"] as? [String] == ["eth0"])
    #expect(try frames()["unguarded"] as? [String] == [])
    try NetworkNamespace.connect(place, "eth1", other, "eth1")
    #expect(try frames()["unguarded"] as? [String] == ["eth1"])
    #expect(try status(in: place).output.contains("blocked on eth0, but not on eth1"))
    try place.run(["nft", "delete", "table", "netdev", "portarium"]).checked()
    #expect(try frames()["blocked"] as? Bool == false)
  }

  @Test("Without CAP_NET_ADMIN: exit 3 and a sentence; with it alone all is told")
  func privilege() throws {
    let place = try applied("statuscap")
    let refused = try status(in: place, as: .workload)
    #expect(refused.status == 3)
    #expect(refused.output == "")
    #expect(refused.errors.contains("no permission to read the ruleset"))
    #expect(try status(in: place, as: .initContainer).status == 0)
  }
}
