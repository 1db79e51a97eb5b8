import Addressing
import Policy
import PolicyAnalysis
import SeededRandom
import Telemetry
import Testing

/// Whatever a log shows, the allowlist made of it admits, and nothing that only resembles it.
@Suite("An allowlist that was suggested")
struct SuggestPropertyTests {
  @Test(
    "admits every flow of its log and no hostile one", arguments: 1...40 as ClosedRange<UInt64>)
  func both(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let siblings = Int.random(in: 2...5, using: &random)
    let traffic = Traffic(&random)
    let yaml = WrittenLog(traffic.entries).suggest(minimumSiblings: siblings)
      .joined(separator: "\n")
    let ruleset = try Ruleset.reading(yaml)
    let replayed = WrittenLog(traffic.entries).replay(ruleset)
    #expect(replayed.first?.contains(", 0 verdicts flip") == true, "\(replayed)\n\(yaml)")

    let hostile = traffic.hostile(&random)
    // Each would flip if it were admitted.
    let judged = WrittenLog(hostile).replay(ruleset)
    #expect(
      judged.first?.hasPrefix(
        "\(hostile.count) records: \(hostile.count) replayed, 0 verdicts flip")
        == true, "\(judged.joined(separator: "\n"))\n\(yaml)")
  }
}

/// Allowed flows to names and addresses as workloads have them.
private struct Traffic {
  /// Clear text on these, TLS on the others: what hides its method says nothing of others.
  private static let clearPorts: [UInt16] = [80, 8080, 8081]
  private static let hiddenPorts: [UInt16] = [443, 5432, 8443]
  private static let suffixes = [
    "example.com", "api.example.com", "eu.api.example.com", "example.co.uk", "alice.github.io",
    "github.io", "s3.amazonaws.com", "amazonaws.com", "co.uk", "kawasaki.jp", "internal",
    "shop.svc.cluster.local", "service.internal",
  ]

  private(set) var entries: [WrittenLog.Entry] = []

  init(_ random: inout SeededGenerator) {
    for _ in 0..<Int.random(in: 1...150, using: &random) {
      let label = "n\(Int.random(in: 0..<12, using: &random))"
      let suffix = Self.suffixes[Int.random(in: 0..<Self.suffixes.count, using: &random)]
      entries.append(entry("\(label).\(suffix)", &random))
    }
  }

  private func entry(_ name: String, _ random: inout SeededGenerator) -> WrittenLog.Entry {
    let clear = Self.clearPorts[Int.random(in: 0..<3, using: &random)]
    let hidden = Self.hiddenPorts[Int.random(in: 0..<3, using: &random)]
    let method = ["GET", "POST", "HEAD"][Int.random(in: 0..<3, using: &random)]
    let address = "198.51.100.\(Int.random(in: 1...20, using: &random))"
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return .init(applicationProtocol: .tcp, address: address, port: 2222, rule: "r")
    case 1: return .init(address: address, port: 2222, rule: "r")
    case 2:
      return .init(
        applicationProtocol: .http, host: address, address: address, port: 8888, method: method,
        rule: "r")
    case 3:
      return .init(
        applicationProtocol: .http, host: name, address: "127.0.0.1", port: 8888, method: method,
        rule: "r")
    case 4: return .init(host: name, port: hidden, method: "CONNECT", rule: "r")
    case 5:
      return .init(
        applicationProtocol: .http, host: name, address: nil, port: clear, method: method, rule: "r"
      )
    case 6, 7: return .init(host: name, port: hidden, rule: "r")
    default:
      return .init(
        applicationProtocol: .http, host: name, port: clear, method: method, rule: "r")
    }
  }

  /// Flows near to those of the log that it doesn't show, each as a record that denies it.
  func hostile(_ random: inout SeededGenerator) -> [WrittenLog.Entry] {
    var hostile: [WrittenLog.Entry] = []
    for entry in entries {
      // An address rule admits whatever leads to its address.
      if entry.host.contains("n"), entry.address != "127.0.0.1" {
        for name in Self.lookAlikes(of: entry.host) {
          hostile.append(denied(entry) { $0.host = name })
        }
      } else if entry.address != "127.0.0.1" {
        hostile.append(
          denied(entry) { $0.address = "198.51.100.\(Int.random(in: 21...254, using: &random))" })
      }
      hostile.append(denied(entry) { $0.port = 6667 })
      if entry.applicationProtocol == .http {
        hostile.append(denied(entry) { $0.method = "DELETE" })
        // The name leads into the pod itself.
        if entry.address != "127.0.0.1" {
          hostile.append(denied(entry) { $0.address = "169.254.169.254" })
        }
      }
    }
    // Strangers below the suffixes that are shared out.
    for suffix in [
      "github.io", "s3.amazonaws.com", "amazonaws.com", "co.uk", "kawasaki.jp", "com", "internal",
    ] {
      for port in Self.hiddenPorts {
        hostile.append(.init(host: "evil.\(suffix)", port: port, reason: .hostNotAllowed))
        hostile.append(.init(host: "a.evil.\(suffix)", port: port, reason: .hostNotAllowed))
      }
    }
    return hostile
  }

  /// Names that are neither `name` nor below a suffix of its owner's.
  private static func lookAlikes(of name: String) -> [String] {
    let owner =
      [
        "example.com", "example.co.uk", "alice.github.io", "shop.svc.cluster.local",
        "service.internal",
      ]
      .first { name.hasSuffix("." + $0) } ?? name
    return ["evil-\(owner)", "evil\(owner)", "\(owner).evil.test", "\(owner.dropLast())"]
  }

  private func denied(
    _ entry: WrittenLog.Entry, _ change: (inout WrittenLog.Entry) -> Void
  ) -> WrittenLog.Entry {
    var entry = entry
    change(&entry)
    entry.rule = nil
    // One that leaves the flow as it is.
    entry.reason = entry.applicationProtocol == .tcp ? .portNotAllowed : .hostNotAllowed
    return entry
  }
}
