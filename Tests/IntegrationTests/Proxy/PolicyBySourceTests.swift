import Foundation
import TestNetwork
import Testing

/// Two client pods behind one gateway, each with a policy of its own.
@Suite("Policies by source", .serialized, .enabled(if: Requirement.privileged))
struct PolicyBySourceTests {
  @Test(
    "Each client has the policy with the longest block around it, and no rule of another's",
    arguments: [GatewayScene.Method.redirect, .tproxy])
  func twoClients(method: GatewayScene.Method) throws {
    // The second policy's block holds both pods' IPv4 addresses. Nobody has the second pod's IPv6.
    let scene = try GatewayScene(
      method, allowlist: "{name: rest, hostPattern: api.example.com, allowedMethods: [HEAD]}",
      policies: """
        {name: first, sources: [\(GatewayNetwork.podAddress4(0)), "fd78:1::/64"], \
        allowlist: [{name: any, hostPattern: api.example.com}]}, \
        {name: second, sources: [10.78.0.0/16], \
        allowlist: [{name: read, hostPattern: "*.example.com", port: 80, allowedMethods: [GET]}]}
        """)
    let url = "http://api.example.com/a"
    for family in ["-4", "-6"] {
      #expect(try scene.curl(from: 0, family, url).status == 200)
      #expect(try scene.curl(from: 0, family, "https://api.example.com/a").status == 200)
      #expect(try scene.curl(from: 0, family, "-X", "PUT", url).status != 403)
    }
    #expect(try scene.curl(from: 1, "-4", url).status == 200)
    #expect(try scene.curl(from: 1, "-4", "-X", "PUT", url).status == 403)
    #expect(try scene.curl(from: 1, "-4", "https://api.example.com/a").status == 0)
    #expect(try scene.curl(from: 1, "-6", url).status == 403)
    #expect(try scene.curl(from: 1, "-6", "-I", url).status == 200)

    let (records, _) = try scene.sidecar.drain()
    let said = records.map { record in
      [
        record[text: "sourceAddress"], record[text: "policy"], record.decision,
        record.decision == "allow" ? record.rule : record.reason,
      ].joined(separator: " ")
    }
    let first = [GatewayNetwork.podAddress4(0), GatewayNetwork.podAddress6(0)].flatMap { client in
      Array(repeating: "\(client) first allow any", count: 3)
    }
    let (second4, second6) = (GatewayNetwork.podAddress4(1), GatewayNetwork.podAddress6(1))
    #expect(
      said.sorted()
        == (first + [
          "\(second4) second allow read", "\(second4) second deny method-not-allowed",
          "\(second4) second deny port-not-allowed", "\(second6)  deny method-not-allowed",
          "\(second6)  allow rest",
        ]).sorted())
  }
}
