import Foundation
import TestNetwork
import Testing

/// A pod whose sidecar is an explicit proxy as well, and a name server in the world that writes down
/// what it is asked.
final class ExplicitScene {
  let scene: ProxyScene
  let nameServer: RunningProcess

  /// The proxy's addresses as a workload's `http_proxy` has them.
  static let proxies = ["http://127.0.0.1:15001", "http://[::1]:15001"]
  static let proxy = proxies[0]
  static let nameServerAddress = "10.77.2.53"

  /// - Parameters:
  ///   - names: what the name server says beside the web servers' names, see Scripts/nameserver.py.
  ///   - mode: `enforce` or `monitor`.
  init(
    allowlist: String, names: [String: String] = [:], limits: String = "", mode: String = "enforce"
  ) throws {
    scene = try ProxyScene(
      allowlist: allowlist, limits: limits, egress: "explicitProxy: true",
      resolvers: [Self.nameServerAddress], top: "enforcementMode: \(mode)")
    try scene.network.serve(Self.nameServerAddress)
    var answers = names
    for name in ProxyScene.names where answers[name] == nil {
      answers[name] = "\(ProxyScene.web4),\(ProxyScene.web6)"
    }
    nameServer = try scene.network.world.start(
      ["/usr/bin/python3", Scratch.script("nameserver.py"), Self.nameServerAddress]
        + answers.map { "\($0.key)=\($0.value)" })
    try nameServer.waitForLine("ready") { $0 == "ready" }
  }

  /// The names that were asked for so far.
  var questions: Set<String> {
    Set(nameServer.lines.dropFirst().compactMap { $0.split(separator: " ").first.map(String.init) })
  }

  /// How many questions there were for a name's IPv4 addresses.
  func count(of name: String) -> Int { nameServer.lines.count { $0 == "\(name) A" } }

  /// curl through the proxy.
  func curl(_ arguments: String..., proxy: String = proxy) throws -> ProxyScene.Answer {
    try scene.curl(["-x", proxy] + arguments)
  }

  /// The workload connects to the proxy and does as told, see Scripts/peer.py.
  func connect(_ steps: String...) throws -> ProxyScene.Seen {
    let finished = try start(steps).wait().checked()
    return try ProxyScene.seen(finished.lines.last ?? "")
  }

  /// The same without waiting for its end.
  func start(_ steps: [String]) throws -> RunningProcess {
    try scene.network.pod.start(
      ["/usr/bin/python3", Scratch.script("peer.py"), "connect", "127.0.0.1", "15001"] + steps,
      as: .workload)
  }

  /// A CONNECT as a step of `connect`, and the wait for its answer.
  static func tunnel(to target: String) -> [String] {
    ["send:CONNECT \(target) HTTP/1.1\\r\\nHost: \(target)\\r\\n\\r\\n", "until:\\r\\n\\r\\n"]
  }

  static let established = "HTTP/1.1 200 Connection established\r\n\r\n"

  /// The descriptors that the sidecar has open.
  func descriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(
      atPath: "/proc/\(scene.sidecar.process.pid)/fd"
    ).count
  }
}
