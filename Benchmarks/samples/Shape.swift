package import Addressing
import Configuration
package import Policy
package import SeededRandom

/// A kind of allowlist, and flows about half of which it admits.
package enum Shape: String, CaseIterable {
  /// Names, suffixes and blocks of both families, some with ports and methods.
  case mixed
  /// One suffix, a rule for each port and method.
  case ports

  package func document(rules count: Int) -> String {
    var text = "workspaceId: w\negress:\n  allowlist:\n"
    for index in 0..<count { text += "    - \(rule(index))\n" }
    return text
  }

  /// The same rules for so many clients each, beside those for all others.
  package func document(rules count: Int, policies: Int) -> String {
    var text = document(rules: count) + "  policies:\n"
    for policy in 0..<policies {
      let source = IPAddress.v4(Self.source(ofPolicy: policy))
      text += "    - {name: p\(policy), sources: [\(source)/32], allowlist: ["
      text += (0..<count).map { rule($0) }.joined(separator: ", ") + "]}\n"
    }
    return text
  }

  /// The client that a policy of such a document is for.
  package static func source(ofPolicy policy: Int) -> IPv4Address {
    IPv4Address(rawValue: 0x0a80_0000 + UInt32(policy) * 7)
  }

  private func rule(_ index: Int) -> String {
    switch self {
    case .mixed:
      switch index % 8 {
      case 0, 1, 2: "{hostPattern: \(name(index)), port: 443}"
      case 3: "{name: service-\(index), hostPattern: \"*.\(name(index))\", ports: [443, 8443]}"
      case 4: "{hostPattern: \(name(index)), port: 80, allowedMethods: [GET, HEAD]}"
      case 5: "{hostPattern: \"*.\(name(index))\"}"
      case 6: "{hostPattern: \(IPAddress.v4(v4(index)))/28, port: 5432, allowedMethods: [GET]}"
      default: "{hostPattern: \"\(IPAddress.v6(v6(index)))/64\"}"
      }
    case .ports:
      "{hostPattern: \"*.example.com\", ports: [\(port(index))], allowedMethods: "
        + "[\(index % 2 == 0 ? "GET" : "POST")]}"
    }
  }

  package func flow(rules count: Int, _ random: inout SeededGenerator) throws -> Flow {
    let index = Int.random(in: 0..<count, using: &random)
    let isMiss = Bool.random(using: &random)
    var address = IPAddress.v4(IPv4Address(rawValue: .random(in: 0x0b00_0000..<0x0c00_0000)))
    var name: HostName?
    var port: UInt16 = 443
    var content = Flow.Content.tls(encryptedClientHello: false)
    switch self {
    case .mixed:
      switch index % 8 {
      case 4:
        (port, content) = (80, .http(method: HTTPMethod(isMiss ? "POST" : "GET")!))
        name = try HostName(self.name(index))
      case 3, 5: name = try HostName((isMiss ? "a.b.x" : "a.b.") + self.name(index))
      case 6: (address, port, content) = (.v4(v4(index)), 5432, .opaque)
      case 7: address = .v6(IPv6Address(rawValue: v6(index).rawValue + (isMiss ? 1 << 64 : 9)))
      default: name = try HostName((isMiss ? "www." : "") + self.name(index))
      }
    case .ports:
      name = try HostName("a.example.com")
      port = self.port(index)
      content = .http(method: HTTPMethod(isMiss ? "PUT" : index % 2 == 0 ? "GET" : "POST")!)
    }
    return Flow(
      destination: OriginalDestination(Endpoint(address: address, port: port)), name: name,
      content: content)
  }

  private func name(_ index: Int) -> String {
    "service-\(index).team-\(index % 97).example-\(index % 1009).com"
  }
  private func v4(_ index: Int) -> IPv4Address {
    IPv4Address(rawValue: 0x0a00_0000 + UInt32(index) << 4)
  }
  private func v6(_ index: Int) -> IPv6Address {
    IPv6Address(rawValue: 0x2001_0db8 << 96 + UInt128(index) << 65)
  }
  private func port(_ index: Int) -> UInt16 { UInt16(1 + index / 2 % 65535) }
}

extension Ruleset {
  /// What a document's text says, as the sidecar loads it.
  package static func load(_ text: [UInt8]) throws -> Ruleset {
    let document = try Document.parse(text, file: "c.yaml").document
    return Ruleset(
      rules: document.egress.rules, policies: document.egress.policies,
      enforcementMode: document.enforcementMode)
  }
}
