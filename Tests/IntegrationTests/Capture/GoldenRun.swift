import Configuration
import Foundation
import TestNetwork

/// All flows of one document, sent at once by `flows.py`, and what came of each.
struct GoldenRun {
  let scene: GoldenScene
  let document: Document
  let flows: [GoldenFlow]
  /// The first of the source ports that the flows have, one each.
  let firstNumber: Int

  // MARK: What flows.py is told

  private struct Job: Encodable {
    let namespaces: [String: String]
    let wires: [GoldenScene.Wire]
    let servers: [Server]
    let flows: [Flow]
    let barriers: [Flow]
  }

  private struct Server: Encodable, Hashable {
    let place: String
    let port: UInt16
    let name: String
    var uid: UInt32 = 0
    var transparent = false
  }

  private struct Flow: Encodable {
    let place: String
    let uid: UInt32
    let gid: UInt32
    let kind: String
    let to: String
    let port: UInt16
    let from: String?
    let number: Int
    let isAnswered: Bool
  }

  // MARK: What it says

  private struct Outcome: Decodable {
    let answer: Answer?
    let errors: [String]
    let wires: [String]
  }

  private enum Answer: Decodable {
    /// To a ping.
    case pong
    case server(name: String, port: UInt16, meant: String)

    private enum Keys: String, CodingKey { case server, port, meant }

    init(from decoder: any Decoder) throws {
      guard let fields = try? decoder.container(keyedBy: Keys.self) else {
        self = .pong
        return
      }
      self = .server(
        name: try fields.decode(String.self, forKey: .server),
        port: try fields.decode(UInt16.self, forKey: .port),
        meant: try fields.decode(String.self, forKey: .meant))
    }
  }

  /// What came of each flow, in their order, in the words of a `.flows` file or, where it is nothing
  /// that can stand there, as it was.
  func verdicts() throws -> [String] {
    let job = Job(
      namespaces: scene.places.mapValues { "/run/netns/\($0.name)" }, wires: scene.wires,
      servers: servers,
      flows: flows.enumerated().map { made($1, number: firstNumber + $0) },
      barriers: scene.barriers.enumerated().map {
        made($1, number: firstNumber + flows.count + $0, uid: document.capture.proxyUIDs[0])
      })
    let command = ["/usr/bin/python3", Scratch.script("flows.py")]
    let finished = try RunningProcess(command, input: JSONEncoder().encode(job)).wait().checked()
    let outcomes = try JSONDecoder().decode([Outcome].self, from: Data(finished.output.utf8))
    let all = flows + scene.barriers
    let verdicts = zip(all, outcomes).map { verdict(on: $0, $1) }
    for (flow, verdict) in zip(scene.barriers, verdicts.suffix(scene.barriers.count))
    where verdict != flow.verdict {
      throw TestNetworkError.command(command, status: 0, output: "\(flow.line): \(verdict)")
    }
    return verdicts.dropLast(scene.barriers.count)
  }

  private func made(_ flow: GoldenFlow, number: Int, uid: UInt32? = nil) -> Flow {
    Flow(
      place: flow.place, uid: uid ?? flow.uid, gid: flow.gid, kind: flow.kind.rawValue,
      to: scene.address(of: flow.host, isIPv6: flow.isIPv6), port: flow.port, from: flow.source,
      number: number, isAnswered: flow.verdict != "dropped")
  }

  // MARK: Servers

  private var sidecarPorts: [UInt16] {
    [
      document.proxyPort, document.inboundPort, document.adminPort, document.dnsPort,
      document.healthPort ?? 0,
    ]
    .filter { $0 != 0 }
  }

  /// The sidecar's stand-ins listen on all addresses, more than it does: what can't be reached then,
  /// the rules have closed. Of all others there is one wherever a flow is headed.
  private var servers: [Server] {
    let isTransparent = document.capture.gateway?.method == .tproxy
    let sidecars = sidecarPorts.map {
      Server(
        place: scene.captured, port: $0, name: "sidecar", uid: document.capture.proxyUIDs[0],
        transparent: isTransparent)
    }
    var others: Set<Server> = []
    for flow in flows + scene.barriers where flow.kind != .icmp {
      let port = scene.services[flow.host] == nil ? flow.port : GoldenScene.servicePorts.to
      let place = scene.destination(of: flow)
      if place == scene.captured, sidecarPorts.contains(port) { continue }
      others.insert(Server(place: place, port: port, name: place))
    }
    return sidecars + others
  }

  // MARK: What it means

  private func verdict(on flow: GoldenFlow, _ outcome: Outcome) -> String {
    let verdict = self.verdict(on: flow, outcome.answer, outcome.errors)
    let leaves = verdict == "direct" || scene.services[flow.host] != nil && verdict != "captured"
    let isCaptured = verdict.hasPrefix("captured")
    let expected = leaves && !isCaptured ? scene.wayOut(flow).map { [$0] } ?? [] : []
    return outcome.wires == expected
      ? verdict : "\(verdict), on the wires \(outcome.wires) instead of \(expected)"
  }

  private func verdict(on flow: GoldenFlow, _ answer: Answer?, _ errors: [String]) -> String {
    let unmoved = scene.staysInside(flow) ? "local" : "direct"
    switch (answer, errors.filter { $0 != "EPERM" }) {
    case (.pong, []): return unmoved
    case (.server(let name, let port, let meant), []):
      return name == "sidecar" && port != flow.port
        ? redirect(of: flow, to: port, meant) : "\(unmoved)\(strange(flow, name, meant))"
    case (nil, ["ECONNREFUSED"]) where flow.kind == .tcp: return "reset"
    // Administratively prohibited, in IPv4 and in IPv6.
    case (nil, ["EHOSTUNREACH"]), (nil, ["EACCES"]): return "prohibited"
    case (nil, []): return "dropped"
    default: return "\(errors), answer \(answer, default: "none")"
    }
  }

  /// A redirect that came to the sidecar, which must know where it was meant to go.
  private func redirect(of flow: GoldenFlow, to port: UInt16, _ meant: String) -> String {
    let verb = port == document.inboundPort ? "redirected" : "captured"
    let isService = scene.services[flow.host] != nil && verb == "redirected"
    let expected =
      isService
      ? "\(scene.address(of: "pod", isIPv6: flow.isIPv6)) \(GoldenScene.servicePorts.to)"
      : "\(scene.address(of: flow.host, isIPv6: flow.isIPv6)) \(flow.port)"
    let isKnown = meant == expected || flow.kind == .udp && method == .redirect
    return isKnown ? "\(verb) \(port)" : "\(verb) \(port), meant for \(meant)"
  }

  /// Of a redirected datagram no socket is told where it was meant to go.
  private var method: Configuration.Capture.Gateway.Method {
    document.capture.gateway?.method ?? .redirect
  }

  /// Empty where the server is the one that the flow was headed for.
  private func strange(_ flow: GoldenFlow, _ name: String, _ meant: String) -> String {
    let place = scene.destination(of: flow)
    let isExpected = name == place || name == "sidecar" && place == scene.captured
    return isExpected ? "" : ", answered by \(name) for \(meant)"
  }
}
