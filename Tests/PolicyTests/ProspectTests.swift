import Addressing
import Policy
import Testing

@Suite("Deciding before a name is resolved")
struct ProspectTests {
  let get: Flow.Content

  init() throws { get = .http(method: try #require(HTTPMethod("GET"))) }

  func prospect(
    _ rules: [Rule], _ name: String, _ port: UInt16, _ content: Flow.Content,
    mode: EnforcementMode = .enforce
  ) throws -> Prospect {
    Ruleset(rules: rules, enforcementMode: mode)
      .decideBeforeResolving(try HostName(name), port: port, content: content, from: nil)
  }

  @Test("A rule must know the name, the port and a request's method")
  func request() throws {
    let rules = [try rule("*.example.com", ports: [80...80], methods: ["GET"])]
    #expect(try prospect(rules, "a.example.com", 80, get) == .mayPass(rule: 0, wouldDeny: nil))
    #expect(
      try prospect(rules, "a.example.com", 81, get)
        == .deny(
          Denial(.portNotAllowed, nearestMiss: NearestMiss(ruleIndex: 0, missed: .port))))
    #expect(
      try prospect(rules, "a.example.com", 80, .http(method: #require(HTTPMethod("PUT"))))
        == .deny(
          Denial(.methodNotAllowed, nearestMiss: NearestMiss(ruleIndex: 0, missed: .method))))
    #expect(try prospect(rules, "example.com", 80, get) == .deny(Denial(.hostNotAllowed)))
  }

  @Test("A tunnel's methods are not looked at yet")
  func tunnel() throws {
    let rules = [try rule("*.example.com", ports: [443...443], methods: ["GET"])]
    #expect(
      try prospect(rules, "a.example.com", 443, .tunnel) == .mayPass(rule: 0, wouldDeny: nil))
    #expect(try prospect(rules, "a.example.com", 80, .tunnel) != .mayPass(rule: 0, wouldDeny: nil))
    #expect(try prospect(rules, "b.example.org", 443, .tunnel) == .deny(Denial(.hostNotAllowed)))
  }

  @Test("An address rule lets no name be asked for, however wide it is")
  func addresses() throws {
    let rules = [try rule("0.0.0.0/0"), try rule("::/0")]
    #expect(try prospect(rules, "a.example.com", 443, .tunnel) == .deny(Denial(.hostNotAllowed)))
  }

  @Test("Monitor mode goes on")
  func monitor() throws {
    #expect(
      try prospect([], "a.example.com", 443, .tunnel, mode: .monitor)
        == .mayPass(rule: nil, wouldDeny: Denial(.hostNotAllowed)))
  }

  @Test("A tunnel is judged by its address once that is known; CONNECT as a request never passes")
  func tunnelFlow() throws {
    let ruleset = Ruleset([
      try rule("*.example.com", ports: [443...443], methods: ["GET"]), try rule("10.0.0.0/8"),
    ])
    func tunnel(_ name: String?, _ address: String, _ port: UInt16 = 443) throws -> Outcome {
      ruleset.outcome(
        Flow(
          destination: try destination(address, port), name: try name.map { try HostName($0) },
          content: .tunnel))
    }
    #expect(try tunnel("a.example.com", "203.0.113.7") == .allowed(by: 0))
    #expect(try tunnel("a.example.com", "127.0.0.1") == .denied(.forbiddenAddress))
    #expect(try tunnel("a.example.com", "169.254.169.254") == .denied(.forbiddenAddress))
    #expect(try tunnel(nil, "10.1.1.1") == .allowed(by: 1))
    #expect(try tunnel(nil, "203.0.113.7") == .denied(.hostNotAllowed))
    #expect(ruleset.outcome(try http("CONNECT", "a.example.com", 443)).reason == .methodNotAllowed)
  }
}
