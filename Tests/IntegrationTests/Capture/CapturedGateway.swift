import Foundation
import TestNetwork

/// A gateway captured by portarium-init, with the sidecar on it or without, two client pods with
/// servers on port 9000, and a world that answers everybody and counts whoever isn't the gateway.
final class CapturedGateway {
  let network: GatewayNetwork
  let document: String
  private(set) var sidecar: Sidecar?
  private let method: String
  private var servers: [RunningProcess] = []

  static let methods = ["redirect", "tproxy"]
  static let resolvers = ["10.77.2.53", "fd77:2::53"]

  /// - Parameters:
  ///   - rest: what `capture` holds besides, each key with a comma in front.
  ///   - hasInsideAddresses: see `GatewayNetwork`.
  init(
    _ method: String, interfaces: String = "pod0, pod1", resolvers: [String] = resolvers,
    rest: String = "", hasInsideAddresses: Bool = true
  ) throws {
    self.method = method
    network = try GatewayNetwork(hasInsideAddresses: hasInsideAddresses)
    try network.serve(
      "10.77.2.53", "fd77:2::53", "10.77.2.66", "fd77:2::66", "10.77.2.80", "fd77:2::80")
    let list = { (items: [String]) in items.map { "\"\($0)\"" }.joined(separator: ", ") }
    document = """
      workspaceId: ws-test
      egress:
        allowlist: [{hostPattern: 10.77.2.80, port: 443}, {hostPattern: "fd77:2::80", port: 443}]
      capture:
        {mode: gateway, resolvers: [\(list(resolvers))], gateway: {interfaces: [\(interfaces)], \
      sources: [\(list(GatewayNetwork.sources))], method: \(method)}\(rest)}
      """
    servers.append(
      try CapturedPod.servers(
        in: network.world, tcp: ["0.0.0.0 443", ":: 443", "0.0.0.0 53", ":: 53"],
        udp: ["53", "66"].flatMap { host in
          ["10.77.2.\(host)", "fd77:2::\(host)"].flatMap { ["\($0) 53", "\($0) 443"] }
        }))
    for number in 0...1 {
      let own = [GatewayNetwork.podAddress4(number), GatewayNetwork.podAddress6(number)]
      servers.append(
        try CapturedPod.servers(
          in: network.pods[number], tcp: own.flatMap { ["\($0) 9000", "\($0) 53"] },
          udp: own.flatMap { ["\($0) 9000", "\($0) 53"] }))
    }
    try watchWorld()
  }

  @discardableResult
  func apply() throws -> Finished {
    try InitContainer.run("apply", in: network.gateway, document: document).checked()
  }

  func startSidecar() throws {
    sidecar = try Sidecar(
      in: network.gateway, document: document,
      as: method == "tproxy" ? .transparentProxy : .proxy)
  }

  /// Both, as on a node.
  func captured() throws -> CapturedGateway {
    try apply()
    try startSidecar()
    return self
  }

  // MARK: What the world sees

  private func watchWorld() throws {
    let table = """
      table netdev watch {
        counter foreign {}
        chain ingress {
          type filter hook ingress device "eth0" priority 0; policy accept;
          ip saddr != \(GatewayNetwork.outside4) counter name foreign
          ip6 saddr != { \(GatewayNetwork.outside6), fe80::/10 } counter name foreign
        }
      }
      """
    try network.world.run(["nft", "-f", Scratch.file("watch.nft", table)]).checked()
  }

  /// Packets so far that reached the world from other addresses than the gateway's.
  func foreignPackets() throws -> Int {
    let text = try network.world.run(["nft", "list", "counter", "netdev", "watch", "foreign"])
      .checked().output
    let words = text.split { $0.isWhitespace }
    return words.firstIndex(of: "packets").flatMap { Int(words[$0 + 1]) } ?? -1
  }
}
