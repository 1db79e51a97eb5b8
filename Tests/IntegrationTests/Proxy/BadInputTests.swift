import Foundation
import TestNetwork
import Testing

/// What can't be right: one clear sentence, the exit code of its class, nothing half done.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct BadInputTests {
  struct Bad: CustomTestStringConvertible {
    let testDescription: String
    let document: Data
    /// A piece of what must be said.
    let says: String

    init(_ description: String, _ document: String, says: String) {
      testDescription = description
      self.document = Data(document.utf8)
      self.says = says
    }
  }

  static let documents = [
    Bad("an unknown key", "workspaceId: a\negres: {}\n", says: "egress"),
    Bad("a wrong type", "workspaceId: a\nworkers: many\n", says: ":2:"),
    Bad("a negative port", "workspaceId: a\nproxyPort: -1\n", says: ":2:"),
    Bad(
      "a wildcard on a public suffix",
      "workspaceId: a\negress: {allowlist: [{hostPattern: \"*.com\"}]}\n", says: "*.com"),
    Bad("an empty file", "", says: "empty"),
    Bad("a binary file", "\u{0}\u{1}\u{7f}ELF\u{0}", says: "config.yaml"),
    Bad(
      "an embedded secret",
      "workspaceId: a\ntoken: {clientSecret: \"-----BEGIN PRIVATE KEY-----\"}\n", says: ":2:"),
  ]

  @Test(arguments: documents) func `a wrong document ends both programs with 2`(bad: Bad) throws {
    let pod = try NetworkNamespace("pod")
    let text = String(decoding: bad.document, as: UTF8.self)
    let path = Scratch.file("config.yaml", text)
    let apply = try InitContainer.run("apply", in: pod, document: text)
    let run = try pod.run([try Binary.sidecar.path, "run", "--config", path], as: .proxy)
    for finished in [apply, run] {
      #expect(finished.status == 2, "\(finished.errors)")
      #expect(finished.errors.contains(bad.says), "\(finished.errors)")
      #expect(finished.output.isEmpty)
    }
    #expect(try pod.run(["nft", "list", "ruleset"]).output.isEmpty)
  }

  @Test func `a missing and an unreadable document are named`() throws {
    let pod = try NetworkNamespace("pod")
    let unreadable = Scratch.file("config.yaml", "workspaceId: a\n")
    try pod.run(["chmod", "600", unreadable]).checked()
    for path in ["/nonexistent/config.yaml", unreadable, "/"] {
      let run = try pod.run([try Binary.sidecar.path, "run", "--config", path], as: .proxy)
      #expect(run.status == 2, "\(run.errors)")
      #expect(run.errors.contains(path), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
  }

  @Test func `a port in use ends the sidecar with 5 and names it`() throws {
    let pod = try NetworkNamespace("pod")
    let other = try pod.start([
      "/usr/bin/python3", Scratch.script("peer.py"), "listen", "127.0.0.1", "15001", "end",
    ])
    try other.waitForLine("ready") { $0 == "ready" }
    let path = Scratch.file("config.yaml", LifeTests.document)
    let run = try pod.run([try Binary.sidecar.path, "run", "--config", path], as: .proxy)
    #expect(run.status == 5, "\(run.errors)")
    #expect(run.errors.contains("15001"), "\(run.errors)")
  }

  @Test func `apply without CAP_NET_ADMIN ends with 3 and changes nothing`() throws {
    let pod = try NetworkNamespace("pod")
    let apply = try InitContainer.run(
      "apply", in: pod, document: LifeTests.document, as: .unprivileged(0))
    #expect(apply.status == 3, "\(apply.errors)")
    #expect(apply.errors.contains("NET_ADMIN"), "\(apply.errors)")
    #expect(try pod.run(["nft", "list", "ruleset"]).output.isEmpty)
  }

  @Test(arguments: [["run", "--nonsense"], ["nonsense"], ["run", "--config"]])
  func `wrong arguments end with 2`(arguments: [String]) throws {
    for binary in [Binary.sidecar, .initContainer] {
      let run = try RunningProcess([try binary.path] + arguments).wait()
      #expect(run.status == 2, "\(binary): \(run.errors)")
    }
  }
}
