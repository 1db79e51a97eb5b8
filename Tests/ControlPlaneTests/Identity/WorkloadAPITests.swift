import Addressing
import Foundation
import Kernel
import NIOCore
import TLS
import TestNetwork
import Testing

@testable import ControlPlane

/// The client against grpcio with the messages of PyPI's `spiffe`.
@Suite("The Workload API", .enabled(if: WorkloadAgent.isAvailable))
struct WorkloadAPITests {
  /// A client at work, with waits that a test can bear.
  final class Client {
    let watched = Watched()
    let state = IdentityState(source: .workloadAPI)
    let provider: IdentityProvider
    /// None of these may be logged.
    var secrets: [String] = []

    init(_ endpoint: WorkloadEndpoint, timing: GRPCCall.Timing = GRPCCall.Timing()) {
      provider = IdentityProvider(
        endpoint, state: state,
        settings: WorkloadAPISettings(
          userAgent: "portarium/test",
          pace: SubscriptionState.Pace(step: 5_000_000, longest: 20_000_000), timing: timing),
        log: watched.logger(), change: { [watched] in watched.note($0) })
    }

    deinit {
      provider.stop()
      for line in watched.lines {
        for secret in secrets { #expect(!line.lowercased().contains(secret)) }
      }
    }

    var now: IdentityState.Snapshot { state.now }

    func keepsSecret(_ issued: [WorkloadAgent.Issued]) { secrets += issued.map(\.secret) }
  }

  static let id = "spiffe://example.org/ns/a/sa/b"

  @Test func `serves PyPI's own client too`() throws {
    let agent = try WorkloadAgent()
    try agent.do(
      #"""
      {"do":"set","svids":[{"id":"\#(Self.id)"},{"id":"spiffe://example.org/c"}],
       "federated":["other.example"],"bundles":["example.org","other.example"]}
      """#.replacingOccurrences(of: "\n", with: " "))
    let answer = try agent.asked(audience: "me").output
    #expect(answer.contains(#""ids": ["\#(Self.id)", "spiffe://example.org/c"]"#))
    #expect(answer.contains(#""bundles": ["example.org", "other.example"]"#))
    #expect(answer.contains(#""streamed": ["example.org", "other.example"]"#))
    #expect(answer.contains(#""audience": ["me"]"#))
  }

  @Test("gives the first SVID", arguments: ["unix", "tcp"])
  func first(_ scheme: String) throws {
    let agent = try WorkloadAgent(
      at: scheme == "unix" ? WorkloadAgent.socket() : WorkloadEndpoint("tcp://127.0.0.1:1").free)
    let issued = try agent.do(
      #"{"do":"set","svids":[{"id":"\#(Self.id)","hint":"internal"},{"id":"spiffe://example.org/c"}],"federated":["other.example"]}"#
    )
    let client = Client(agent.endpoint)
    client.keepsSecret(issued)
    let identity = try #require(try client.watched.waitForChange(1))
    #expect("\(identity.svid.id)" == Self.id)
    #expect(identity.svid.fingerprint.hexadecimal == issued[0].fingerprint)
    #expect(identity.source == .workloadAPI)
    #expect(identity.hint == "internal")
    #expect(identity.domains == ["example.org", "other.example"])
    #expect(client.now.isConnected)
    #expect(client.now.lastError == nil)
    #expect(client.now.successes == 1)
    #expect(agent.calls("FetchX509SVID") == ["true"])
  }

  @Test func `replaces an SVID, and the old key goes with its last holder`() throws {
    let agent = try WorkloadAgent()
    try agent.issue(Self.id)
    let client = Client(agent.endpoint)
    weak let old = try client.watched.waitForChange(1)?.svid
    #expect(old != nil)
    let issued = try agent.issue(Self.id)
    let new = try #require(try client.watched.waitForChange(2))
    #expect(new.svid.fingerprint.hexadecimal == issued[0].fingerprint)
    client.watched.forget()
    // Whatever the source was still doing with the old one is over once it does something else.
    _ = try client.token(["me"], nil)
    #expect(old == nil)
    #expect(client.now.successes == 2)
  }

  @Test func `withdraws a trust bundle by leaving it out, on either stream`() throws {
    let agent = try WorkloadAgent()
    try agent.issue(Self.id, federated: ["one.example", "two.example"])
    let client = Client(agent.endpoint)
    #expect(
      try client.watched.waitForChange(1)?.domains == [
        "example.org", "one.example", "two.example",
      ])
    try agent.issue(Self.id, federated: ["two.example"])
    #expect(try client.watched.waitForChange(2)?.domains == ["example.org", "two.example"])
    try agent.do(#"{"do":"set","bundles":["example.org","three.example"]}"#)
    #expect(try client.watched.waitForChange(3)?.domains == ["example.org", "three.example"])
    try agent.issue(Self.id)
    #expect(try client.watched.waitForChange(4)?.domains == ["example.org"])
    // The same again is no news; what comes after it is.
    try agent.do(#"{"do":"set","bundles":["example.org"]}"#)
    try agent.do(#"{"do":"set","bundles":["example.org","four.example"]}"#)
    #expect(try client.watched.waitForChange(5)?.domains == ["example.org", "four.example"])
    try agent.fail("FetchX509Bundles", "PERMISSION_DENIED")
    #expect(try client.watched.waitForChange(6)?.domains == [])
  }

  @Test func `is asked again at once after it ended a stream`() throws {
    let agent = try WorkloadAgent()
    try agent.issue(Self.id)
    let client = Client(agent.endpoint)
    _ = try client.watched.waitForChange(1)
    try agent.do(#"{"do":"end"}"#)
    try agent.waitForCalls("FetchX509SVID", 2)
    // The same SVID came again; the next one takes effect.
    try agent.issue(Self.id)
    _ = try client.watched.waitForChange(2)
    #expect(client.now.successes == 2)
    #expect(client.now.failures == 0)
    #expect(client.now.withdrawals == 0)
  }

  @Test(
    "is asked again later where it can't answer yet",
    arguments: ["PERMISSION_DENIED", "UNAVAILABLE", "INTERNAL", "RESOURCE_EXHAUSTED"])
  func later(_ code: String) throws {
    let agent = try WorkloadAgent()
    try agent.fail("FetchX509SVID", code, "not yet")
    let client = Client(agent.endpoint)
    try client.watched.waitForLine("not yet")
    try agent.waitForCalls("FetchX509SVID", 3)
    #expect(client.now.identity == nil)
    #expect(client.now.lastError?.contains("not yet") == true)
    #expect(!client.now.isConnected)
    #expect(!client.now.hasGivenUp)
    // It is logged once, not each time.
    #expect(client.watched.lines.count { $0.contains(#""level":"error""#) } == 1)
    try agent.issue(Self.id)
    try agent.do(#"{"do":"serve","method":"FetchX509SVID"}"#)
    #expect(try client.watched.waitForChange(1) != nil)
    #expect(client.now.lastError == nil)
  }

  @Test func `takes an identity back`() throws {
    let agent = try WorkloadAgent()
    try agent.issue(Self.id)
    let client = Client(agent.endpoint)
    _ = try client.watched.waitForChange(1)
    try agent.fail("FetchX509SVID", "PERMISSION_DENIED")
    let withdrawn = try client.watched.waitForChange(2)
    #expect(withdrawn == nil)
    #expect(client.now.identity == nil)
    #expect(client.now.withdrawals == 1)
    // The other stream goes on; that mends nothing.
    try client.watched.waitForLine("so it is")
    try agent.do(#"{"do":"set","bundles":["example.org"]}"#)
    try client.watched.waitForLine("trust bundles came")
    _ = try client.token(["me"], nil)
    #expect(client.now.lastError?.contains("PermissionDenied") == true)
    #expect(!client.now.isConnected)
    try agent.do(#"{"do":"serve","method":"FetchX509SVID"}"#)
    #expect(try client.watched.waitForChange(3) != nil)
  }

  @Test(
    "is not asked again where the call is wrong", arguments: ["UNIMPLEMENTED", "INVALID_ARGUMENT"])
  func final(_ code: String) throws {
    let agent = try WorkloadAgent()
    try agent.fail("FetchX509SVID", code)
    let client = Client(agent.endpoint)
    let line = try client.watched.waitForLine("for good")
    #expect(line.contains(#""level":"critical""#))
    #expect(client.now.hasGivenUp)
    // The other stream was opened again and again meanwhile.
    try agent.do(#"{"do":"serve","method":"FetchX509SVID"}"#)
    for count in 1...3 {
      try agent.waitForCalls("FetchX509Bundles", count)
      try agent.do(#"{"do":"end"}"#)
    }
    try agent.waitForCalls("FetchX509Bundles", 4)
    #expect(agent.calls("FetchX509SVID").count == 1)
  }

  @Test func `need not have the stream of trust bundles`() throws {
    let agent = try WorkloadAgent()
    try agent.issue(Self.id, federated: ["other.example"])
    try agent.fail("FetchX509Bundles", "UNIMPLEMENTED")
    let client = Client(agent.endpoint)
    try client.watched.waitForLine("no stream of trust bundles")
    #expect(try client.watched.waitForChange(1)?.domains == ["example.org", "other.example"])
    #expect(!client.now.hasGivenUp)
  }

  /// What an agent must not send, and how the complaint begins.
  static let wrong: [(command: String, complaint: String)] = [
    (#"{"do":"set","svids":[]}"#, "a message holds no SVID"),
    (#"{"do":"raw","hex":"0a05"}"#, "a message can't be read"),
    (#"{"do":"raw","hex":"ffffffff"}"#, "a message can't be read"),
    (#"{"do":"set","svids":[{"id":"ID","otherKey":true}]}"#, "the SVID can't be used"),
    (#"{"do":"set","svids":[{"id":"ID","cutOff":["x509_svid"]}]}"#, "the SVID can't be used"),
    (#"{"do":"set","svids":[{"id":"ID","cutOff":["x509_svid_key"]}]}"#, "the SVID can't be used"),
    (#"{"do":"set","svids":[{"id":"ID","cutOff":["bundle"]}]}"#, "the trust bundle can't be used"),
    (#"{"do":"set","svids":[{"id":"ID","missing":["x509_svid_key"]}]}"#, "an SVID comes without"),
    (#"{"do":"set","svids":[{"id":"ID","missing":["bundle"]}]}"#, "an SVID comes without"),
    (#"{"do":"set","svids":[{"id":"ID"},{"id":"ID","missing":["x509_svid"]}]}"#, "an SVID comes"),
    (
      #"{"do":"set","svids":[{"id":"ID","listed":"spiffe://example.org/x"}]}"#,
      "the SVID's certificate has another ID"
    ),
    (#"{"do":"set","svids":[{"id":"spiffe://example.org"}]}"#, "the SVID can't be used"),
    (
      #"{"do":"set","svids":[{"id":"ID"}],"spoiltFederated":["other.example"]}"#,
      "the trust bundle of other.example can't be used"
    ),
    (
      #"{"do":"set","svids":[{"id":"ID"}],"spoiltFederated":["other.example/x"]}"#,
      "a trust bundle is listed under"
    ),
    (#"{"do":"set","bundles":[]}"#, "a message holds no trust bundle"),
  ]

  @Test("keeps what was there where a message is wrong", arguments: wrong)
  func invalid(_ command: String, _ complaint: String) throws {
    let agent = try WorkloadAgent()
    try agent.issue(Self.id, federated: ["other.example"])
    let client = Client(agent.endpoint)
    let before = try #require(try client.watched.waitForChange(1))
    client.keepsSecret(
      try agent.do(command.replacingOccurrences(of: #""ID""#, with: #""\#(Self.id)""#)))
    let line = try client.watched.waitForLine(complaint)
    #expect(line.contains("the identity before stays in force"))
    #expect(client.now.identity?.svid === before.svid)
    #expect(client.now.identity?.domains == ["example.org", "other.example"])
    #expect(client.now.lastError?.contains(complaint) == true)
    #expect(client.now.isConnected)
    #expect(client.watched.changes.count == 1)
    let issued = try agent.issue(Self.id)
    #expect(
      try client.watched.waitForChange(2)?.svid.fingerprint.hexadecimal == issued[0].fingerprint)
    #expect(client.now.lastError == nil)
  }

  @Test func `may be long: many frames, and more than a window holds`() throws {
    let agent = try WorkloadAgent()
    let client = Client(agent.endpoint)
    try agent.do(#"{"do":"set","svids":[{"id":"\#(Self.id)"}],"padding":3000000}"#)
    #expect(try client.watched.waitForChange(1) != nil)
    try client.watched.waitForLine("revocation lists")
    try agent.do(#"{"do":"set","svids":[{"id":"\#(Self.id)"}],"padding":4194304}"#)
    try client.watched.waitForLine("a message is longer than")
    #expect(client.now.identity != nil)
    try agent.issue(Self.id)
    #expect(try client.watched.waitForChange(2) != nil)
  }

  @Test func `may come late, go and come back`() throws {
    let endpoint = WorkloadAgent.socket()
    let client = Client(endpoint)
    try client.watched.waitForLine("No such file or directory")
    let first = try WorkloadAgent(at: endpoint)
    try first.issue(Self.id)
    let identity = try #require(try client.watched.waitForChange(1))
    // As a node's agent ends that is killed.
    first.stop()
    try client.watched.waitForLine("Connection refused")
    #expect(client.now.identity?.svid === identity.svid)
    #expect(!client.now.isConnected)
    // For longer than the SVID lives.
    let end = identity.svid.notAfter
    #expect(client.now.usable(at: end - 1) != nil)
    #expect(!client.state.takeExpiry(at: end - 1))
    #expect(client.now.usable(at: end) == nil)
    #expect(client.state.takeExpiry(at: end))
    #expect(!client.state.takeExpiry(at: end + 1))
    let second = try WorkloadAgent(at: endpoint)
    try second.issue(Self.id)
    #expect(try client.watched.waitForChange(2) != nil)
    #expect(client.now.isConnected)
  }

  @Test func `that hangs is noticed`() throws {
    let agent = try WorkloadAgent()
    try agent.issue(Self.id)
    let timing = GRPCCall.Timing(
      connect: .milliseconds(500), firstMessage: .milliseconds(300),
      pingInterval: .milliseconds(20), pingAnswer: .milliseconds(200))
    let client = Client(agent.endpoint, timing: timing)
    _ = try client.watched.waitForChange(1)
    agent.signal(SIGSTOP)
    try client.watched.waitForLine("it doesn't answer")
    #expect(client.now.identity != nil)
    agent.signal(SIGCONT)
    try agent.issue(Self.id)
    #expect(try client.watched.waitForChange(2) != nil)
  }

  @Test func `gives tokens for audiences`() throws {
    let agent = try WorkloadAgent()
    let client = Client(agent.endpoint)
    let named = try client.token(["https://a.example", "b"], SPIFFEID("spiffe://other.example/x"))
    #expect("\(try named.get().id)" == "spiffe://other.example/x")
    #expect(try named.get().token.split(separator: ".").count == 3)
    let token = try client.token(["me"], nil).get()
    #expect("\(token.id)" == "spiffe://example.org/default")
    #expect(!"\(token)".contains(token.token))
    #expect(agent.calls("FetchJWTSVID") == ["true", "true"])
    for (code, name) in [("PERMISSION_DENIED", "PermissionDenied"), ("UNAVAILABLE", "Unavailable")]
    {
      try agent.fail("FetchJWTSVID", code, "no%")
      #expect(
        throws: JWTSVIDFailure.failed("it answered \(name): no%")
      ) { try client.token(["me"], nil).get() }
    }
    agent.stop()
    #expect(throws: JWTSVIDFailure.failed("it can't be reached: Connection refused")) {
      try client.token(["me"], nil).get()
    }
  }
}

extension WorkloadAPITests.Client {
  func token(
    _ audience: [String], _ id: SPIFFEID?
  ) throws -> Result<JWTSVID, JWTSVIDFailure> {
    let done = DispatchSemaphore(value: 0)
    let result = Box()
    provider.fetchJWTSVID(audience: audience, id: id) {
      result.set($0)
      done.signal()
    }
    guard done.wait(timeout: .now() + 20) == .success, let value = result.value else {
      throw Watched.TimedOut(what: "a token", lines: watched.lines)
    }
    return value
  }

  private final class Box: @unchecked Sendable {
    // Written before the semaphore is signalled, read after it was waited for.
    private(set) var value: Result<JWTSVID, JWTSVIDFailure>?
    func set(_ result: Result<JWTSVID, JWTSVIDFailure>) { value = result }
  }
}

extension Identity {
  /// Whose workloads are trusted.
  var domains: [String] { bundles.trustDomains.map(\.name).sorted() }
}

extension WorkloadEndpoint {
  /// The same with a port that is free.
  fileprivate var free: WorkloadEndpoint {
    guard case .tcp(var endpoint) = self else { return self }
    endpoint.port = 0
    return .tcp(endpoint)
  }
}
