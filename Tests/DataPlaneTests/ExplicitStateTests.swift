import Addressing
import Kernel
import Policy
import Synchronization
import Telemetry
import Testing

@testable import DataPlane

/// A request to the proxy itself waits for a name server and for servers: whatever ends meanwhile,
/// what comes too late finds nothing.
@Suite("While a request to the proxy waits for its target")
struct ExplicitStateTests {
  struct Scene: ~Copyable {
    let server: Server
    let names: ResolverTests.Names
    let resolver: Resolver
    var loop: Loop
    var client: Peer

    init(limits: DataPlaneSettings.Limits = .init()) throws {
      let names = try ResolverTests.Names()
      names.mayAnswer.store(false, ordering: .releasing)
      let resolver = try Resolver(threads: 1) {
        _ = names.answer($0)
        return .addresses([Loop.loopback])
      }
      let rules = [
        Rule(name: "names", pattern: "*", matcher: .anyName),
        Rule(name: "loopback", pattern: "127.0.0.1", matcher: .block(CIDR("127.0.0.1")!)),
      ]
      var loop = try Loop(
        limits: limits, policy: Ruleset(rules: rules, enforcementMode: .enforce),
        resolver: resolver)
      let client = try loop.connectToProxy()
      let server = try Server()
      self.client = client
      self.server = server
      self.names = names
      self.resolver = resolver
      self.loop = loop
    }

    deinit { resolver.close() }

    /// The workload asks for something of `name`, and a name server was asked.
    mutating func ask(_ name: String, _ method: String = "GET", behind: String = "") {
      let authority = "\(name):\(server.endpoint.port)"
      let target = method == "CONNECT" ? authority : "http://\(authority)/\(name)"
      client.send("\(method) \(target) HTTP/1.1\r\nhost: \(authority)\r\n\r\n\(behind)")
      let names = self.names
      loop.run { names.count > 0 }
    }

    mutating func answerNames() {
      names.mayAnswer.store(true, ordering: .releasing)
      names.changed.signal()
    }

    func expectNoConnection() {
      guard case .none = server.listener.accept() else {
        Issue.record("the worker connected")
        return
      }
    }
  }

  @Test("A workload that leaves during the look-up leaves nothing", arguments: ["GET", "CONNECT"])
  func clientGone(method: String) throws {
    var scene = try Scene()
    scene.ask("a.example.com", method)
    scene.client.socket.resetOnClose()
    scene.client = Peer(.none)
    let counters = scene.loop.worker.counters
    scene.loop.run { counters.connectionsClosed.value == 1 }
    scene.answerNames()
    // Its slot has another connection when the answer comes.
    let next = try scene.loop.connectToProxy()
    for _ in 0..<10 { scene.loop.turn() }
    scene.expectNoConnection()
    let count = scene.loop.worker.slab.count
    #expect(count == 1)
    #expect(try scene.loop.records().map { $0["outcome"] as? String } == ["client-gone"])
    _ = consume next
  }

  @Test("An answer that comes too late is not taken for the next request's")
  func late() throws {
    var scene = try Scene()
    scene.loop.holdTime()
    scene.ask("late.example.com")
    scene.loop.pass(6 * DataPlaneSettings.Limits.second)
    scene.loop.run {
      scene.client.read()
      return scene.client.text.hasPrefix("HTTP/1.1 504 ")
    }
    scene.ask("next.example.com")
    scene.answerNames()
    var upstream = try scene.loop.accept(at: scene.server)
    scene.loop.run {
      upstream.read()
      return upstream.text.hasSuffix("\r\n\r\n")
    }
    #expect(upstream.text.hasPrefix("GET /next.example.com HTTP/1.1\r\n"))
    upstream.send("HTTP/1.1 204 No Content\r\n\r\n")
    scene.loop.run {
      scene.client.read()
      return scene.client.text.hasSuffix("HTTP/1.1 204 No Content\r\n\r\n")
    }
    scene.expectNoConnection()
    #expect(
      try scene.loop.records().map { $0["outcome"] as? String } == ["timed-out", "completed"])
  }

  @Test("A stop during the look-up ends it with a record", arguments: ["GET", "CONNECT"])
  func stopped(method: String) throws {
    var scene = try Scene()
    scene.ask("a.example.com", method)
    scene.loop.mailbox.ask(for: .stopping)
    let goesOn = scene.loop.worker.turn(longestWait: 0)
    #expect(!goesOn)
    scene.answerNames()
    #expect(try scene.loop.records().map { $0["outcome"] as? String } == ["shutdown"])
    scene.expectNoConnection()
  }

  @Test("A drain lets it end, and nothing after it begins")
  func drained() throws {
    var scene = try Scene()
    scene.ask("a.example.com", behind: "GET http://b.example.com/ HTTP/1.1\r\n")
    scene.loop.mailbox.ask(for: .draining)
    for _ in 0..<3 { scene.loop.turn(longestWait: 0) }
    scene.answerNames()
    var upstream = try scene.loop.accept(at: scene.server)
    scene.loop.run {
      upstream.read()
      return upstream.text.hasSuffix("\r\n\r\n")
    }
    upstream.send("HTTP/1.1 204 No Content\r\n\r\n")
    scene.loop.run {
      scene.client.read()
      return scene.client.hasEnded
    }
    #expect(scene.client.text == "HTTP/1.1 204 No Content\r\n\r\n")
    #expect(try scene.loop.records().map { $0["outcome"] as? String } == ["completed"])
  }
}
