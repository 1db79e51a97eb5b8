import Foundation
import TestNetwork
import Testing

/// What is in the kernel after each verb.
@Suite("portarium-init changes the kernel's ruleset", .enabled(if: Requirement.privileged))
struct TransactionTests {
  static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("initcontainer/golden")

  /// Of each kind one; all of them are applied where their flows are sent.
  static let documents = ["default", "many-resolvers", "ports", "precedence"]

  private static let others = """
    table inet others {
    \tset addresses {
    \t\ttype ipv4_addr
    \t\telements = { 192.0.2.1 }
    \t}

    \tchain output {
    \t\ttype filter hook output priority filter; policy accept;
    \t\tip daddr @addresses counter accept
    \t}
    }
    table ip portarium {
    }

    """

  private func live(_ place: NetworkNamespace) throws -> String {
    try place.run(["nft", "-s", "list", "table", "inet", "portarium"]).checked().output
  }

  @Test("After apply, nft lists what plan printed, and a second apply changes nothing")
  func planIsWhatIsListed() throws {
    let place = try NetworkNamespace("plan")
    #expect(!Self.documents.isEmpty)
    for name in Self.documents {
      let document = try String(
        contentsOf: Self.golden.appendingPathComponent("\(name).yaml"), encoding: .utf8)
      try place.provideInterfaces(of: document)
      let plan = try InitContainer.run("plan", in: place, document: document, as: .workload)
        .checked().output
      let expected = try String(
        contentsOf: Self.golden.appendingPathComponent("\(name).nft"), encoding: .utf8)
      #expect(plan == expected, "\(name)")
      // Empty where the document leaves the resolvers to it: this namespace has none.
      let text = plan.split(separator: "\n", omittingEmptySubsequences: false)
        .drop { $0.hasPrefix("#") }.joined(separator: "\n")
      for _ in 1...2 {
        try InitContainer.run("apply", in: place, document: document).checked()
        #expect(try live(place) == text, "\(name)")
      }
      #expect(try place.run(["nft", "-a", "list", "ruleset"]).checked().errors.isEmpty)
      #expect(try place.run(["nft", "-j", "list", "ruleset"]).checked().errors.isEmpty)
    }
  }

  @Test("plan needs no privilege and touches nothing")
  func planTouchesNothing() throws {
    let place = try NetworkNamespace("dry")
    for verb in ["plan", "apply --dry-run"] {
      let path = Scratch.file("config.yaml", CapturedPod.document)
      try place.run(
        [try Binary.initContainer.path] + verb.split(separator: " ").map(String.init)
          + ["--config", path], as: .workload
      ).checked()
    }
    #expect(try place.run(["nft", "list", "ruleset"]).checked().output == "")
  }

  @Test("The resolvers of /etc/resolv.conf are taken where the document names none")
  func systemResolvers() throws {
    let place = try NetworkNamespace("resolvers")
    try place.names([:], resolvers: ["10.0.0.10", "127.0.0.53", "fd00::a"])
    try InitContainer.run("apply", in: place, document: "workspaceId: ws-test").checked()
    let text = try live(place)
    #expect(text.contains("elements = { 10.0.0.10 }"))
    #expect(text.contains("elements = { fd00::a }"))
    #expect(!text.contains("127.0.0.53"))
  }

  @Test("remove leaves no trace of ours and all of others', and says so where there is nothing")
  func remove() throws {
    let place = try NetworkNamespace("remove")
    try place.run(["nft", "-f", Scratch.file("others.nft", Self.others)]).checked()
    let before = try place.run(["nft", "list", "ruleset"]).checked().output
    try InitContainer.run("apply", in: place, document: CapturedPod.document).checked()
    #expect(try place.run(["nft", "list", "ruleset"]).checked().output != before)
    let removed = try InitContainer.run("remove", in: place, document: CapturedPod.document)
    #expect(removed.status == 0)
    #expect(removed.output == "portarium-init: removed the table inet portarium\n")
    #expect(try place.run(["nft", "list", "ruleset"]).checked().output == before)
    let again = try InitContainer.run("remove", in: place, document: CapturedPod.document)
    #expect(again.status == 0)
    #expect(again.output.contains("nothing to remove"))
  }

  @Test("Once removed, the workload's connections go out as they did before")
  func directAgain() throws {
    let pod = try CapturedPod()
    let proxy = try pod.startProxy()
    #expect(try pod.probe("tcp 10.77.2.66 443").hasPrefix("connected: captured"))
    try InitContainer.run("remove", in: pod.pod, document: CapturedPod.document).checked()
    #expect(try pod.probe("tcp 10.77.2.66 443").hasPrefix("connected: direct"))
    #expect(try pod.probe("udp fd77:2::66 443 --ask") == "answer: 5 bytes")
    withExtendedLifetime(proxy) {}
  }

  @Test(
    "Without CAP_NET_ADMIN: exit 3, one sentence, nothing applied", arguments: ["apply", "remove"])
  func noPermission(verb: String) throws {
    let place = try NetworkNamespace("nocap")
    let finished = try InitContainer.run(
      verb, in: place, document: CapturedPod.document, as: .workload)
    #expect(finished.status == 3)
    let sentences = finished.errors.split(separator: "\n").filter { !$0.contains("warning: ") }
    #expect(sentences.count == 1)
    #expect(finished.errors.contains("CAP_NET_ADMIN"))
    #expect(try place.run(["nft", "list", "ruleset"]).checked().output == "")
  }

  @Test(
    "Bad input: exit 2, a sentence, and what was in force stays in force",
    arguments: [
      "workspaceId: ws-test\ncapture: {proxyUID: 0}",
      "workspaceId: ws-test\ncapture: {proxyUID: [1337, 1.5]}",
      "workspaceId: ws-test\ncapture: {proxyUID: 4294967296}",
      "workspaceId: ws-test\ncapture: {resolvers: [dns.local]}",
      "workspaceId: ws-test\ncapture: {resolvers: [224.0.0.1]}",
      "workspaceId: ws-test\ncapture: {resolver: [10.0.0.1]}",
      "workspaceId: ws-test\nproxyPort: -1", "workspaceId: ws-test\nproxyPort: 70000",
      "workspaceId: ws-test\nproxyPort: 15000", "workspaceId: ws-test\nadminPort: 0", "", "\u{0}",
    ])
  func badInput(document: String) throws {
    let place = try NetworkNamespace("bad")
    try InitContainer.run("apply", in: place, document: CapturedPod.document).checked()
    let before = try live(place)
    for verb in ["apply", "plan"] {
      let finished = try InitContainer.run(verb, in: place, document: document)
      #expect(finished.status == 2)
      #expect(finished.output == "")
      #expect(finished.errors.hasPrefix("portarium-init: "))
    }
    #expect(try live(place) == before)
  }

  @Test(
    "Bad arguments: exit 2 and a sentence",
    arguments: [
      "apply --nonsense", "frobnicate", "plan --config", "plan --config /nonexistent",
      "plan --config /dev/null", "plan --config /",
    ])
  func badArguments(line: String) throws {
    let place = try NetworkNamespace("arguments")
    let finished = try place.run(
      [try Binary.initContainer.path] + line.split(separator: " ").map(String.init))
    #expect(finished.status == 2)
    #expect(finished.errors.hasPrefix("portarium-init: "))
    #expect(try place.run(["nft", "list", "ruleset"]).checked().output == "")
  }

  @Test("A resolv.conf that can't be understood stops apply: exit 2, nothing applied")
  func badResolverFile() throws {
    let place = try NetworkNamespace("badresolv")
    try place.names([:], resolvers: ["dns.local"])
    let finished = try InitContainer.run("apply", in: place, document: "workspaceId: ws-test")
    #expect(finished.status == 2)
    #expect(finished.errors.contains("/etc/resolv.conf:1: no address of a name server"))
    #expect(try place.run(["nft", "list", "ruleset"]).checked().output == "")
  }

  @Test("An unprivileged user of a user namespace may program the network namespace that it owns")
  func userNamespace() throws {
    let place = try NetworkNamespace("userns")
    let path = Scratch.file("config.yaml", CapturedPod.document)
    let finished = try place.run(
      [
        "unshare", "--user", "--map-root-user", "--net", "sh", "-ec",
        "\(try Binary.initContainer.path) apply --config \(path); nft list tables",
      ], as: .workload)
    #expect(finished.output.contains("table inet portarium"))
  }

  @Test("65534 is refused inside a user namespace, where it stands for every unmapped uid")
  func overflowUID() throws {
    let place = try NetworkNamespace("overflow")
    let path = Scratch.file(
      "config.yaml", "workspaceId: ws-test\ncapture: {proxyUID: 65534, resolvers: []}")
    let finished = try place.run(
      [
        "unshare", "--user", "--map-root-user", "--net", try Binary.initContainer.path, "apply",
        "--config", path,
      ], as: .workload)
    #expect(finished.status == 2)
    #expect(finished.errors.contains("65534"))
  }
}
