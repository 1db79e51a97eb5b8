import Addressing
import ControlPlane
import Foundation
import Policy
import Telemetry
import Testing

@Suite("The last denials")
struct DenialQueryTests {
  /// Three, the last of them by address alone.
  private func log() -> DenialLog {
    let log = DenialLog()
    log.add(port: 1001, .hostNotAllowed, host: "a.example")
    log.add(port: 1002, .methodNotAllowed, host: "B.example.")
    log.add(port: 1001, .opaqueProtocol, host: "")
    return log
  }

  private func ports(_ query: String) throws -> [Int] {
    let response = router(denials: log()).respond(
      to: get("/denials\(query)"), on: .admin(uid: 4000))
    #expect(response.status == 200)
    let denials = try #require(object(response)["denials"] as? [[String: Any]])
    return denials.compactMap { $0["workerId"] as? Int }
  }

  @Test(
    "come newest first, and only those that are asked for",
    arguments: [
      ("", [3, 2, 1]), ("?", [3, 2, 1]), ("?sourcePort=1001", [3, 1]), ("?sourcePort=9", []),
      ("?host=a.example", [1]), ("?host=b.EXAMPLE", [2]), ("?host=b%2Eexample.", [2]),
      ("?host=203.0.113.5", [3]), ("?host=example", []), ("?reason=opaque-protocol", [3]),
      ("?limit=2", [3, 2]), ("?sourcePort=1001&limit=1", [3]), ("?reason=loop-detected", []),
      ("?sourcePort=1001&host=a.example&reason=host-not-allowed", [1]),
    ])
  func filters(query: String, expected: [Int]) throws {
    #expect(try ports(query) == expected)
  }

  @Test(
    "can't be asked for what makes no sense, and one sentence says why",
    arguments: [
      ("?sourcePort=0", "sourcePort"), ("?sourcePort=65536", "65535"), ("?sourcePort=x", "number"),
      ("?sourcePort=", "sourcePort"), ("?limit=0", "limit"), ("?limit=1001", "1000"),
      ("?limit=-1", "limit"), ("?limit=%2B1", "limit"), ("?reason=because", "host-not-allowed"),
      ("?port=1", "sourcePort"), ("?host=a&host=b", "twice"), ("?host=%zz", "hex"),
      ("?host=%2", "hex"), ("?host=%ff", "hex"), ("?=", "filter"),
    ])
  func complaints(query: String, word: String) throws {
    let response = router(denials: log()).respond(to: get("/denials\(query)"), on: .root)
    #expect(response.status == 400)
    let body = try object(response)
    #expect(body["error"] as? String == "BadRequest")
    #expect(try #require(body["message"] as? String).contains(word))
  }

  @Test("say what their audit records say")
  func fields() throws {
    let log = DenialLog()
    log.add(port: 1001, .hostNotAllowed, host: "a\u{1}\".example")
    let response = router(denials: log).respond(to: get("/denials"), on: .root)
    let denial = try #require((object(response)["denials"] as? [[String: Any]])?.first)
    #expect(denial["timestamp"] as? String == "2026-11-21T07:00:00.000000000Z")
    #expect((denial["auditId"] as? String)?.count == 36)
    #expect(denial["enforced"] as? Bool == true)
    #expect(denial["policyReason"] as? String == "host-not-allowed")
    #expect(denial["protocol"] as? String == "http")
    #expect(denial["sourceAddress"] as? String == "10.0.0.7")
    #expect(denial["sourcePort"] as? Int == 1001)
    #expect(denial["destinationAddress"] as? String == "203.0.113.5")
    #expect(denial["destinationHost"] as? String == "a\u{1}\".example")
    #expect(denial["destinationPort"] as? Int == 443)
    #expect(denial["httpMethod"] as? String == "GET")
    #expect(denial["responseStatus"] as? Int == 403)
  }
}

extension DenialLog {
  /// The worker's number counts the denials from 1.
  fileprivate func add(port: UInt16, _ reason: DenyReason, host: String) {
    let record = AuditRecord(
      timestampNanoseconds: 1_795_244_400_000_000_000,
      auditID: AuditID(rawValue: 7), workerID: latest(Self.capacity) { _ in true }.count + 1,
      enforcementMode: .enforce, enforced: true, decision: .deny, reason: reason, matchedRule: nil,
      applicationProtocol: .http,
      source: ClientAddress(Endpoint(address: IPAddress("10.0.0.7")!, port: port)),
      destination: OriginalDestination(Endpoint(address: IPAddress("203.0.113.5")!, port: 443)),
      responseStatus: 403, outcome: .denied, latencyNanoseconds: 1)
    add(
      record, reason: reason, host: Array(host.utf8).span, method: Array("GET".utf8).span)
  }
}
