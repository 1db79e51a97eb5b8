import Foundation
import TestNetwork
import Testing

/// `portarium-init diff` after others have been at the ruleset.
@Suite("diff tells what is in force from what should be", .enabled(if: Requirement.privileged))
struct DiffTests {
  /// What diff says after `apply` and these changes by nft, without its two lines of heading.
  private func difference(
    after changes: [String], arguments: String = ""
  ) throws -> (status: Int32, lines: [String]) {
    let place = try NetworkNamespace("diff")
    try InitContainer.run("apply", in: place, document: CapturedPod.document).checked()
    for change in changes {
      try place.run(["nft"] + change.split(separator: " ").map(String.init)).checked()
    }
    return try diff(in: place)
  }

  private func diff(in place: NetworkNamespace) throws -> (status: Int32, lines: [String]) {
    let finished = try InitContainer.run("diff", in: place, document: CapturedPod.document)
    #expect(!finished.errors.contains("portarium-init: the "))
    let lines = finished.output.split(separator: "\n").map(String.init)
    guard finished.status == 1 else { return (finished.status, lines) }
    #expect(lines.prefix(2) == ["--- what apply would put in force", "+++ what is in the kernel"])
    return (1, Array(lines.dropFirst(2)))
  }

  private func marked(_ lines: [String]) -> [String] {
    lines.filter { !$0.hasPrefix(" ") }.map { line in
      // The handle is the kernel's choice.
      line.split(separator: "#").first.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
    }
  }

  @Test("Nothing after apply, for every golden document, whatever was counted meanwhile")
  func golden() throws {
    let place = try NetworkNamespace("same")
    #expect(!TransactionTests.documents.isEmpty)
    for name in TransactionTests.documents {
      let document = try String(
        contentsOf: TransactionTests.golden.appendingPathComponent("\(name).yaml"), encoding: .utf8)
      try place.provideInterfaces(of: document)
      try InitContainer.run("apply", in: place, document: document).checked()
      // Refused or not, it is counted.
      try place.run(["/usr/bin/python3", Scratch.script("probe.py"), "tcp", "127.0.0.1", "9"])
      let finished = try InitContainer.run("diff", in: place, document: document)
      #expect(finished.output == "no difference\n", "\(name): \(finished.errors)")
      #expect(finished.status == 0, "\(name)")
    }
  }

  @Test("A rule that somebody added is one line with its handle, where it stands")
  func insertedRule() throws {
    let (status, lines) = try difference(after: [
      "insert rule inet portarium output index 1 tcp dport 22 accept"
    ])
    #expect(status == 1)
    #expect(marked(lines) == ["+    tcp dport 22 accept"])
    let place = try #require(lines.firstIndex { $0.hasPrefix("+") })
    #expect(lines[place].contains("# handle "))
    #expect(lines[place - 1].hasSuffix("goto loopback"))
    #expect(lines.contains("   chain output"))
  }

  @Test("A rule of somebody's own making is named by its parts and never taken for one of ours")
  func foreignRule() throws {
    let (status, lines) = try difference(after: [
      "add rule inet portarium output tcp dport 22 limit rate 5/second accept",
      "add rule inet portarium output counter tcp dport 23 accept",
      "add rule inet portarium output tcp dport 1-5 accept",
      "add rule inet portarium output ip saddr . tcp dport { 10.0.0.1 . 5 } drop",
      "add rule inet portarium output numgen random mod 2 0 drop",
      "add rule inet portarium output log prefix hello accept",
    ])
    #expect(status == 1)
    let added = marked(lines)
    #expect(added.count == 6)
    #expect(added.allSatisfy { $0.hasPrefix("+") })
    #expect(added[0] == "+    tcp dport 22 <limit> accept")
    #expect(added[1] == "+    counter tcp dport 23 accept")
    #expect(added[5] == "+    <log> accept")
  }

  @Test("A rule that was deleted is one line")
  func deletedRule() throws {
    let place = try NetworkNamespace("deleted")
    try InitContainer.run("apply", in: place, document: CapturedPod.document).checked()
    let text = try place.run(["nft", "-a", "list", "chain", "inet", "portarium", "forward"])
    #expect(text.succeeded)
    let listing = try place.run(["nft", "-a", "list", "chain", "inet", "portarium", "refuse"])
      .checked().lines
    let line = try #require(listing.first { $0.contains("igmp") })
    let handle = try #require(line.split(separator: " ").last)
    try place.run([
      "nft", "delete", "rule", "inet", "portarium", "refuse", "handle", String(handle),
    ]).checked()
    let (status, lines) = try diff(in: place)
    #expect(status == 1)
    #expect(marked(lines) == ["-    meta l4proto igmp counter drop"])
  }

  @Test("A policy that was changed")
  func policy() throws {
    let (status, lines) = try difference(after: [
      "chain inet portarium output { policy accept ; }"
    ])
    #expect(status == 1)
    #expect(
      marked(lines) == [
        "-    type filter hook output priority filter; policy drop;",
        "+    type filter hook output priority filter; policy accept;",
      ])
  }

  @Test("Elements that were added and taken away")
  func elements() throws {
    let (status, lines) = try difference(after: [
      "add element inet portarium proxy_uids { 1000 }",
      "delete element inet portarium proxy_uids { 1337 }",
    ])
    #expect(status == 1)
    #expect(marked(lines) == ["-    1337", "+    1000"])
    #expect(lines.contains("   set proxy_uids"))
  }

  @Test("A chain that was emptied, one that was added, one that was renamed")
  func chains() throws {
    let (status, lines) = try difference(after: [
      "flush chain inet portarium captured", "add chain inet portarium own",
      "rename chain inet portarium refuse denied",
    ])
    #expect(status == 1)
    let found = marked(lines)
    #expect(found.contains("-    meta l4proto tcp ct status dnat counter accept"))
    #expect(found.contains("+  chain own"))
    #expect(found.contains("-  chain refuse"))
    #expect(found.contains("+  chain denied"))
    // Rules name chains; those that named the old name name the new one.
    #expect(found.contains { $0.hasPrefix("+") && $0.hasSuffix("goto denied") })
  }

  @Test("No table at all: exit 1, and a line that says so")
  func absent() throws {
    let place = try NetworkNamespace("none")
    let (status, lines) = try diff(in: place)
    #expect(status == 1)
    #expect(lines == ["-table inet portarium: not in force, there is none"])
    try InitContainer.run("apply", in: place, document: CapturedPod.document).checked()
    #expect(try diff(in: place).status == 0)
    try InitContainer.run("remove", in: place, document: CapturedPod.document).checked()
    #expect(try diff(in: place).status == 1)
  }

  @Test("Somebody else's table of our name: all of ours is missing, all of theirs unexpected")
  func elses() throws {
    let place = try NetworkNamespace("elses")
    try place.run([
      "nft", "-f",
      Scratch.file(
        "theirs.nft",
        """
        table inet portarium {
          map m { type ipv4_addr : verdict; }
          set proxy_uids { type mark; flags timeout; }
          chain output { type route hook output priority 5; policy accept; quota 5 mbytes drop; }
          chain theirs { accept; }
        }
        """),
    ]).checked()
    let (status, lines) = try diff(in: place)
    #expect(status == 1)
    let found = marked(lines)
    #expect(found.contains("+  chain theirs"))
    #expect(found.contains("+  set m"))
    #expect(found.contains("-  chain refuse"))
    #expect(found.contains("+    <quota> drop"))
    #expect(found.contains { $0.hasPrefix("+    type route hook") })
    #expect(found.contains("-    type uid"))
  }

  @Test("As JSON: one object that tells equal from different")
  func json() throws {
    let place = try NetworkNamespace("json")
    func json() throws -> [String: Any] {
      let path = Scratch.file("config.yaml", CapturedPod.document)
      let finished = try place.run([
        try Binary.initContainer.path, "diff", "--json", "--config", path,
      ])
      let object = try JSONSerialization.jsonObject(with: Data(finished.output.utf8))
      let fields = try #require(object as? [String: Any])
      #expect(fields["equal"] as? Bool == (finished.status == 0))
      return fields
    }
    #expect(try json()["equal"] as? Bool == false)
    try InitContainer.run("apply", in: place, document: CapturedPod.document).checked()
    #expect(try json()["equal"] as? Bool == true)
    try place.run(["nft", "flush", "chain", "inet", "portarium", "refuse"]).checked()
    let tables = try #require(try json()["tables"] as? [[String: Any]])
    let chains = try #require(tables.first?["chains"] as? [[String: Any]])
    #expect(chains.map { $0["name"] as? String } == ["refuse"])
  }

  @Test("Without CAP_NET_ADMIN: exit 3 and a sentence")
  func noPermission() throws {
    let place = try NetworkNamespace("diffcap")
    let finished = try InitContainer.run(
      "diff", in: place, document: CapturedPod.document, as: .workload)
    #expect(finished.status == 3)
    #expect(finished.output == "")
    #expect(finished.errors.contains("no permission to read the ruleset"))
  }

  @Test("CAP_NET_ADMIN alone is enough")
  func leastPrivilege() throws {
    let place = try NetworkNamespace("diffleast")
    for verb in ["apply", "diff"] {
      let finished = try InitContainer.run(
        verb, in: place, document: CapturedPod.document, as: .initContainer)
      #expect(finished.status == 0, "\(finished.errors)")
    }
  }
}
