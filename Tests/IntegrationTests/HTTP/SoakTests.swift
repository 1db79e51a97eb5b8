import Foundation
import TestNetwork
import Testing

/// Mixed traffic for a while, in which everything happens that clients and servers do to a proxy;
/// then nothing may be left of it. A minute in every test run, an hour by `Tests/Soak/soak`.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct SoakTests {
  /// The resident memory may grow by so much from the end of the warm-up on, in KB: what the
  /// allocator keeps of the busiest moment, which differs from run to run. A leak of ten bytes a
  /// connection would be 9 MB in an hour.
  static let margin = 4096

  /// Set by `Tests/Soak/soak`.
  static func setting(_ name: String, _ otherwise: UInt64) -> UInt64 {
    ProcessInfo.processInfo.environment["PORTARIUM_SOAK_\(name)"].flatMap { UInt64($0) }
      ?? otherwise
  }

  static let rules = """
    {name: api, hostPattern: api.example.com, ports: [80, 443]}
    {name: readable, hostPattern: www.example.com, port: 80, allowedMethods: [GET, HEAD]}
    {name: below, hostPattern: "*.b.example.com", ports: ["8000-8099"]}
    {name: service, hostPattern: service.example.com}
    {name: echo, hostPattern: 10.77.2.70, port: 7000}
    """

  @Test func `after mixed traffic every descriptor and all memory is given back`() throws {
    let seconds = Self.setting("SECONDS", 60)
    let rate = Self.setting("RATE", 200)
    let seed = Self.setting("SEED", UInt64.random(in: 1...999_999))
    print("soak: \(seconds) s, \(rate) connections/s, seed \(seed)")
    let soak = try Soak(rate: rate)
    let start = soak.openDescriptors()

    let warmUp = max(5, seconds / 10)
    let first = try soak.play(seconds: warmUp, seed: seed)
    try soak.waitUntilIdle(as: start)
    let baseline = try Memory.resident(of: soak.pid)
    print("soak: after \(warmUp) s \(first), \(baseline) KB")
    let rest = try soak.play(seconds: max(5, seconds - warmUp), seed: seed + 1)
    try soak.waitUntilIdle(as: start)
    let end = try Memory.resident(of: soak.pid)
    print("soak: after all of it \(rest), \(end) KB, \(soak.openDescriptors())")
    Memory.expect(end - baseline, atMost: Self.margin, "above \(baseline) KB, seed \(seed)")

    let metrics = try soak.metrics()
    let connections = first.connections + rest.connections
    #expect(metrics["portarium_connections_accepted_total"] == connections, "seed \(seed)")
    #expect(metrics["portarium_connections_active"] == 0, "seed \(seed)")
    let tally = try soak.end()
    print("soak: \(tally)")
    let records = try #require(tally.numbers["records"])
    #expect(tally.numbers["broken"] == 0)
    #expect(records >= first.fewest + rest.fewest, "seed \(seed)")
    #expect(records <= first.most + rest.most, "seed \(seed)")
    #expect(metrics["portarium_audit_records_total"] == records)
    for traffic in [first, rest] {
      #expect(traffic.unexpected.isEmpty, "\(traffic.unexpected), seed \(seed)")
      #expect(traffic.connections > 100)
    }
  }
}

/// A sidecar, servers for it, and traffic through it.
private struct Soak {
  let scene: ProxyScene
  let rate: UInt64
  private let workers = 2
  private let servers: RunningProcess
  private let tally: RunningProcess

  var pid: pid_t { scene.sidecar.process.pid }

  init(rate: UInt64) throws {
    self.rate = rate
    // Records go through a pipe to a program that counts them: hours of them would fill this one.
    let pipe = Scratch.makeDirectory("audit") + "/records"
    try RunningProcess(["mkfifo", "-m", "666", pipe]).wait().checked()
    tally = try RunningProcess(["/usr/bin/python3", Scratch.script("soak_tally.py"), pipe])
    scene = try ProxyScene(
      allowlist: SoakTests.rules, limits: "connectSeconds: 1, requestHeadSeconds: 2",
      workers: workers,
      wrapping: ["sh", "-c", "exec \"$@\" >\(pipe)", "sh"])
    servers = try scene.network.world.start(
      ["/usr/bin/python3", Scratch.script("soak_servers.py"), ProxyScene.raw4])
    try servers.waitForLine("ready") { $0 == "ready" }
    _ = try metrics()
  }

  /// What the clients saw.
  struct Traffic: CustomStringConvertible {
    let connections: Int
    /// Audit records that must be there at least, and at most: a client that goes away at once may
    /// not have been seen.
    let fewest: Int
    let most: Int
    /// How often a scenario did not end as it should, and how first.
    let unexpected: [String: String]
    var description: String { "\(connections) connections, \(fewest) to \(most) records" }
  }

  func play(seconds: UInt64, seed: UInt64) throws -> Traffic {
    let finished = try scene.network.pod.run(
      [
        "/usr/bin/python3", Scratch.script("soak_traffic.py"), "--seconds", "\(seconds)", "--rate",
        "\(rate)", "--seed", "\(seed)",
      ], as: .workload, timeout: Double(seconds) + 180
    ).checked()
    let line = try #require(finished.lines.last)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    let unexpected = object["unexpected"] as? [String: Any] ?? [:]
    return Traffic(
      connections: object["connections"] as? Int ?? 0, fewest: object["fewest"] as? Int ?? 0,
      most: object["most"] as? Int ?? 0, unexpected: unexpected.mapValues { "\($0)" })
  }

  /// The sidecar's open descriptors by what they are: `socket`, `pipe`, `anon_inode`, a path.
  func openDescriptors() -> [String: Int] {
    let folder = "/proc/\(pid)/fd"
    let files = FileManager.default
    let names = (try? files.contentsOfDirectory(atPath: folder)) ?? []
    return names.reduce(into: [:]) { counts, name in
      // One that was closed meanwhile is none.
      let target = try? files.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")
      guard let kind = target?.split(separator: ":").first else { return }
      counts[String(kind), default: 0] += 1
    }
  }

  /// Waits for the descriptors that were open at the start, no more and no less; but for pipes,
  /// which each worker keeps for the next relay: 64 of them, two descriptors each.
  func waitUntilIdle(as start: [String: Int]) throws {
    let keptPipes = workers * 64 * 2
    let wanted = start.filter { $0.key != "pipe" }
    try scene.sidecar.process.wait(
      for: "\(start) and at most \(keptPipes) for pipes", timeout: 60, recheck: 0.1
    ) { _ in
      let open = openDescriptors()
      let pipes = open["pipe", default: 0] - start["pipe", default: 0]
      return open.filter { $0.key != "pipe" } == wanted && (0...keptPipes).contains(pipes)
        ? () : nil
    }
  }

  /// The sidecar's, without labels.
  func metrics() throws -> [String: Int] {
    let finished = try scene.network.pod.run(
      ["curl", "-sS", "--max-time", "10", "http://127.0.0.1:15021/metrics"], as: .workload
    ).checked()
    // The descriptor of this very request is not to be counted.
    try scene.sidecar.process.wait(for: "the connection to close", recheck: 0.01) { sidecar in
      Sockets.established(onPort: 15021, inNamespaceOf: sidecar.pid) == 0 ? () : nil
    }
    let pairs = finished.lines.map { $0.split(separator: " ") }.filter { $0.count == 2 }
    return Dictionary(
      pairs.compactMap { pair in Double(pair[1]).map { (String(pair[0]), Int($0)) } }
    ) { $1 }
  }

  struct Tally: CustomStringConvertible {
    let numbers: [String: Int]
    let description: String
  }

  /// Drains the sidecar; what was recorded.
  func end() throws -> Tally {
    #expect(try scene.sidecar.drain().status == 0)
    let finished = try tally.wait().checked()
    let line = try #require(finished.lines.last)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    return Tally(numbers: object.compactMapValues { $0 as? Int }, description: line)
  }
}
