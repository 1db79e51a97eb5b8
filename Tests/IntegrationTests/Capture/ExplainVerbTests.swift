import Foundation
import TestNetwork
import Testing

@Suite("portarium-init explain", .enabled(if: Requirement.privileged))
struct ExplainVerbTests {
  private func explain(
    _ arguments: String, in place: NetworkNamespace, as user: User = .workload,
    document: String = CapturedPod.document
  ) throws -> Finished {
    let path = Scratch.file("config.yaml", document)
    return try place.run(
      [try Binary.initContainer.path, "explain", "--config", path]
        + arguments.split(separator: " ").map(String.init), as: user)
  }

  @Test("Needs no privilege and no packet to say what the document means")
  func fromDocument() throws {
    let place = try NetworkNamespace("explain")
    for (arguments, status, sentence) in [
      (
        "--uid 1000 --to 10.0.0.5:443", 0,
        "TCP of uid 1000 to 10.0.0.5:443 is captured: it goes to the sidecar's port 15001."
      ),
      (
        "--uid 1000 --to [fd00::5]:443 --proto udp", 1,
        "UDP of uid 1000 to [fd00::5]:443 is refused as administratively prohibited: the sender "
          + "sees EPERM at once."
      ),
      (
        "--uid 1337 --to 10.0.0.5:443", 0,
        "TCP of uid 1337 to 10.0.0.5:443 leaves on eth0 as it is."
      ),
      (
        "--uid 1000 --to 127.0.0.1:8080", 0,
        "TCP of uid 1000 from 127.0.0.1 to 127.0.0.1:8080 stays on this host as it is."
      ),
      (
        "--no-socket --to 10.0.0.5:443", 0,
        "TCP of the kernel itself to 10.0.0.5:443 is captured: it goes to the sidecar's port 15001."
      ),
      (
        "--inbound --to 10.0.0.5:15000", 1,
        "TCP that arrives on eth0 to 10.0.0.5:15000 is dropped: nobody tells the sender, which "
          + "waits."
      ),
      (
        "--uid 1000 --to 10.0.0.5 --proto icmp", 1,
        "ICMP of uid 1000 to 10.0.0.5 is refused as administratively prohibited: the sender sees "
          + "EPERM at once."
      ),
    ] as [(String, Int32, String)] {
      let finished = try explain(arguments, in: place)
      #expect(finished.status == status, "\(arguments)")
      #expect(finished.lines.first == sentence, "\(arguments)")
      #expect(finished.lines.count { $0.hasPrefix("> ") } == 1, "\(arguments)")
    }
  }

  @Test("As JSON, for programs")
  func json() throws {
    struct Answer: Decodable {
      struct Step: Decodable {
        var chain: String
        var rule: Int?
        var effects: [String]
      }
      var verdict: String
      var refusal: String?
      var sender: String?
      var decidedBy: Step?
      var steps: [Step]
    }
    let place = try NetworkNamespace("json")
    let finished = try explain("--uid 1000 --to [fe80::1]:443 --json", in: place)
    let answer = try JSONDecoder().decode(Answer.self, from: Data(finished.output.utf8))
    #expect(answer.verdict == "refused")
    #expect(answer.refusal == "reset")
    #expect(answer.sender == "ECONNREFUSED")
    #expect(answer.decidedBy?.chain == "refuse")
    #expect(answer.decidedBy?.rule == 1)
    #expect(answer.steps.count > 1)
  }

  @Test("Arguments that make no sense are one sentence and exit code 2")
  func badArguments() throws {
    let place = try NetworkNamespace("bad")
    for arguments in [
      "--to 10.0.0.5:443", "--uid 1 --inbound --to 10.0.0.5:443", "--uid 1 --to 10.0.0.5",
      "--uid 1 --to 10.0.0.5:0", "--uid 1 --to 10.0.0.5:65536", "--uid 1 --to fd00::5:443:",
      "--uid 1 --to [fd00::5]443", "--uid 1 --to example.com:443",
      "--uid 1 --to 10.0.0.5:443 --proto sctpx", "--uid 1 --to 10.0.0.5:443 --proto icmp",
      "--uid 1 --to 10.0.0.5:443 --from fd00::1", "--uid 1 --to 10.0.0.5:443 --local x",
      "--in eth0 --gid 5 --to 10.0.0.5:443",
    ] {
      let finished = try explain(arguments, in: place)
      #expect(finished.status == 2, "\(arguments)")
      #expect(finished.output == "", "\(arguments)")
      let sentences = finished.errors.split(separator: "\n").filter { !$0.contains("warning:") }
      #expect(sentences.count == 1, "\(arguments)")
    }
  }

  @Test("Says what the rules in the kernel do, whatever the document says")
  func live() throws {
    let pod = try CapturedPod(applied: false)
    let question = "--live --uid 1000 --to 10.77.2.66:443"
    let before = try explain(question, in: pod.pod, as: .initContainer)
    #expect(before.lines.first?.hasSuffix("leaves on eth0 as it is.") == true)
    #expect(before.errors.contains("nothing is captured"))
    try pod.apply()
    let after = try explain(question, in: pod.pod, as: .initContainer)
    #expect(after.lines.first?.contains("from 10.77.1.2") == true)
    #expect(after.lines.first?.contains("is captured") == true)
    #expect(after.errors.contains("warning: not understood") == false)
    // This pod's own address: not on the wire.
    let own = try explain("--live --uid 1000 --to 10.77.1.2:80", in: pod.pod, as: .initContainer)
    #expect(own.lines.first?.hasSuffix("stays on this host as it is.") == true)
    try pod.pod.shell("nft insert rule inet portarium nat_output tcp dport 443 return").checked()
    let changed = try explain(question, in: pod.pod, as: .initContainer)
    #expect(changed.status == 1)
    #expect(changed.lines.first?.contains("is refused with a TCP reset") == true)
    #expect(try pod.probe("tcp 10.77.2.66 443") == "error ECONNREFUSED")
    #expect(try explain(question, in: pod.pod).status == 3)
  }

  @Test("Names the rules that it doesn't understand")
  func foreignRule() throws {
    let pod = try CapturedPod()
    try pod.pod.shell("nft insert rule inet portarium output limit rate 1/hour accept").checked()
    let finished = try explain(
      "--live --uid 1000 --to 10.77.2.66:443", in: pod.pod, as: .initContainer)
    #expect(
      finished.errors.contains(
        "not understood and passed over: table inet portarium, chain output, rule 1:"))
  }
}
