import Foundation
import TestNetwork
import Testing

/// Crowds that make the sidecar keep as much as it will: what all of them together cost is bounded,
/// and others are served meanwhile.
@Suite(
  "Memory under crowds", .serialized,
  .enabled(if: Requirement.privileged),
  .enabled(if: Binary.isRelease || Sanitizer.current != nil))
struct MemoryTests {
  /// How far resident memory may grow above that of an idle sidecar.
  static let allowance = 64 * 1024
  static let rules = #"{hostPattern: "*"}, {hostPattern: 10.77.2.0/24}"#
  static let patience = "requestHeadSeconds: 300, connectSeconds: 300, drainSeconds: 0"

  /// The sidecar and its memory while idle, in KB.
  struct Scene {
    let proxy: ProxyScene
    let idle: Int
    static let requestsBefore = 20
    static let requestsMeanwhile = 4

    init() throws {
      proxy = try ProxyScene(allowlist: MemoryTests.rules, limits: MemoryTests.patience)
      for namespace in [proxy.network.pod, proxy.network.world] {
        // The kernel's buffers are not the sidecar's: without this they would be gigabytes.
        try namespace.shell(
          """
          sysctl -qw net.ipv4.tcp_wmem='4096 16384 16384'
          sysctl -qw net.ipv4.tcp_rmem='4096 32768 32768'
          """
        ).checked()
      }
      for _ in 0..<Self.requestsBefore { _ = try proxy.curl("http://api.example.com/") }
      idle = try Memory.resident(of: proxy.sidecar.process.pid)
    }

    func hoard(_ kind: String, _ address: String, _ count: Int) throws -> RunningProcess {
      try proxy.network.pod.start(
        ["/usr/bin/python3", Scratch.script("hoard.py"), kind, address, "80", "\(count)"],
        as: .workload)
    }

    /// Waits until a crowd has sent all that is taken from it, and gives how many of it are left.
    func settled(_ crowd: RunningProcess) throws -> Int {
      _ = try crowd.waitForLines(1, timeout: 120)
      let line = try #require(crowd.lines.last)
      return try #require(try ProxyScene.fields(line)["open"].flatMap { Int($0) })
    }

    /// Others' requests, while the crowd is there.
    func expectService() throws {
      let before = ContinuousClock.now
      for path in ["a", "b", "c"] {
        #expect(try proxy.curl("http://api.example.com/\(path)").status == 200)
      }
      #expect(try proxy.curl("https://api.example.com/").status == 200)
      #expect(ContinuousClock.now - before < .seconds(5 * Sanitizer.patience))
    }

    /// Ends the sidecar, which has one record for every connection, whatever became of it.
    func expectRecords(_ crowd: Int) throws -> [AuditRecord] {
      let (records, status) = try proxy.sidecar.drain()
      #expect(status == 6)
      #expect(records.count == crowd + Self.requestsBefore + Self.requestsMeanwhile)
      return records
    }

    func expectBounded() throws {
      let grown = try Memory.resident(of: proxy.sidecar.process.pid) - idle
      Memory.expect(grown, atMost: MemoryTests.allowance, "above \(idle) KB")
    }
  }

  @Test("9,000 slow clients without an upstream cost at most 64 MB")
  func withoutUpstream() throws {
    let scene = try Scene()
    let bodies = try scene.hoard("bodies", ProxyScene.silent4, 4500)
    let heads = try scene.hoard("heads", ProxyScene.web4, 4500)
    #expect(try scene.settled(bodies) == 4500)
    let left = try scene.settled(heads)
    try scene.expectBounded()
    try scene.expectService()
    try scene.expectBounded()
    let denied = try scene.expectRecords(9000).filter { $0.decision == "deny" }
    // Long heads were told so; those that waited still were cut off unjudged.
    let refused = denied.filter { $0.reason == "connection-limit" }
    #expect(refused.count == 4500 - left)
    #expect(refused.allSatisfy { $0.status == 503 })
  }

  @Test("4,500 connections that nobody reads at either end cost at most 64 MB")
  func withUpstream() throws {
    let scene = try Scene()
    let server = try scene.proxy.network.world.start(
      ["/usr/bin/python3", Scratch.script("hoard.py"), "listen", ProxyScene.raw4, "80"])
    try server.waitForLine("ready") { $0 == "ready" }
    let clients = try scene.hoard("stuff", ProxyScene.raw4, 4500)
    #expect(try scene.settled(clients) == 4500)
    _ = try server.waitForLines(2, timeout: 120)
    try scene.expectBounded()
    try scene.expectService()
    try scene.expectBounded()
    let records = try scene.expectRecords(4500)
    #expect(records.allSatisfy { $0.decision == "allow" })
    #expect(records.count { $0.flowProtocol == "http" && $0.status == 200 } == records.count - 1)
  }
}
