import Capture
import Foundation
import TestNetwork
import Testing

/// A gateway with the sidecar on it, captured by portarium-init, and what its client pods do.
final class GatewayScene {
  /// How connections of others reach the sidecar.
  enum Method: String, CaseIterable {
    case redirect, tproxy
    /// The sidecar's own mode, for interfaces that count as its workload.
    case treatAsOutbound
  }

  let network: GatewayNetwork
  let sidecar: Sidecar
  let web: WebServer
  private var servers: [RunningProcess] = []

  static let web4 = "10.77.2.80"
  static let web6 = "fd77:2::80"
  static let raw4 = "10.77.2.70"
  static let raw6 = "fd77:2::70"

  /// Whose rules bring connections to the sidecar.
  enum Rules {
    case portarium
    /// Somebody else's, which leave the sidecar's ports open: the sidecar must see for itself. Where
    /// they don't spare the gateway's own addresses they capture also what is meant for these.
    case foreign(sparesOwn: Bool)
  }

  /// - Parameters:
  ///   - hasInsideAddresses: see `GatewayNetwork`.
  init(
    _ method: Method, allowlist: String, policies: String = "", rules: Rules = .portarium,
    hasInsideAddresses: Bool = true
  ) throws {
    network = try GatewayNetwork(hasInsideAddresses: hasInsideAddresses)
    try network.serve(Self.web4, Self.web6, Self.raw4, Self.raw6)
    for pod in network.pods { try pod.names(["api.example.com": [Self.web4, Self.web6]]) }
    web = try WebServer(
      in: network.world, names: ["api.example.com"], addresses: [Self.web4, Self.web6])
    let document = Self.document(method, allowlist: allowlist, policies: policies)
    switch rules {
    case .portarium:
      try InitContainer.run("apply", in: network.gateway, document: document).checked()
    case .foreign(let sparesOwn):
      try Self.capture(in: network.gateway, method, sparesOwn: sparesOwn)
    }
    sidecar = try Sidecar(
      in: network.gateway, document: document,
      as: method == .tproxy ? .transparentProxy : .proxy)
  }

  static func document(
    _ method: Method, allowlist: String = "", policies: String = ""
  ) -> String {
    let interfaces = GatewayNetwork.podInterfaces.joined(separator: ", ")
    let sources = GatewayNetwork.sources.map { "\"\($0)\"" }.joined(separator: ", ")
    let capture =
      method == .treatAsOutbound
      ? "{resolvers: [10.77.2.53], interfaces: {treatAsOutbound: [\(interfaces)]}}"
      : """
      {mode: gateway, resolvers: [10.77.2.53], \
      gateway: {interfaces: [\(interfaces)], sources: [\(sources)], method: \(method.rawValue)}}
      """
    return """
      workspaceId: ws-test
      workers: 2
      egress:
        allowlist: [\(allowlist)]
        policies: [\(policies)]
      capture: \(capture)
      """
  }

  private static func capture(
    in gateway: NetworkNamespace, _ method: Method, sparesOwn: Bool
  ) throws {
    let spare = sparesOwn ? "fib daddr type local accept" : ""
    let interfaces = GatewayNetwork.podInterfaces.joined(separator: ", ")
    let chain =
      switch method {
      case .redirect, .treatAsOutbound:
        """
        type nat hook prerouting priority dstnat
        iifname != { \(interfaces) } accept
        \(spare)
        meta l4proto tcp redirect to :15001
        """
      case .tproxy:
        """
        type filter hook prerouting priority mangle
        iifname != { \(interfaces) } accept
        \(spare)
        meta l4proto tcp meta mark set meta mark or 0x1000 tproxy to :15001 accept
        meta l4proto tcp drop
        """
      }
    let rules = """
      table inet gateway {
        chain prerouting {
          \(chain)
        }
        chain forward {
          type filter hook forward priority filter; policy accept;
          iifname { \(interfaces) } drop
        }
      }
      """
    try gateway.run(["nft", "-f", Scratch.file("gateway.nft", rules)]).checked()
    guard method == .tproxy else { return }
    try gateway.inside {
      try Routing.install(
        GatewayNetwork.podInterfaces.map { RoutingRule(mark: 0x1000, interface: $0) })
    }
  }

  // MARK: What the pods do

  /// A pod's curl: the status it got, and the body.
  func curl(from pod: Int, _ arguments: String...) throws -> (status: Int, body: String) {
    let finished = try network.pods[pod].run(
      [
        "curl", "-sS", "--max-time", "10", "--cacert", CertificateAuthority.certificatePath, "-w",
        "\n%{http_code}",
      ] + arguments, as: .workload)
    let lines = finished.lines
    return (lines.last.flatMap { Int($0) } ?? 0, lines.dropLast().joined(separator: "\n"))
  }

  /// A client in a namespace that does as told, see Scripts/peer.py.
  func connect(
    in namespace: NetworkNamespace, _ address: String, _ port: Int, _ steps: String...
  ) throws -> ProxyScene.Seen {
    let finished = try namespace.run(
      ["/usr/bin/python3", Scratch.script("peer.py"), "connect", address, "\(port)"] + steps,
      as: .workload
    ).checked()
    return try ProxyScene.seen(finished.lines.last ?? "")
  }

  /// A server in the world that does as told with every connection.
  func listen(_ address: String, _ port: Int, _ steps: String...) throws -> RunningProcess {
    let server = try network.world.start(
      ["/usr/bin/python3", Scratch.script("peer.py"), "listen", address, "\(port)"] + steps)
    try server.waitForLine("ready") { $0 == "ready" }
    servers.append(server)
    return server
  }

  /// Ends the sidecar and expects exactly these audit records, in this order.
  func expectRecords(
    _ expected: [[String: String]], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let (records, status) = try sidecar.drain()
    #expect(status == 0, sourceLocation: sourceLocation)
    ProxyScene.expect(records, expected, sourceLocation: sourceLocation)
  }
}
