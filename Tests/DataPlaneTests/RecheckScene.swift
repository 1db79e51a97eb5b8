import Addressing
import Kernel
import Policy
import Telemetry
import Testing

@testable import DataPlane

/// A connection of a workload that was judged and is under way, its server's end included.
struct RecheckScene: ~Copyable {
  /// As what a connection is judged, and on which way it came.
  enum Kind: String, CaseIterable, CustomTestStringConvertible {
    case request, webSocket
    case tls, tlsWithEncryptedHello, opaque, silent, unseen
    case explicitRequest
    case tunnelInWaiting, tunnelOfTLS, tunnelOfOpaque, tunnelOfRequests

    var testDescription: String { rawValue }

    var isTunnel: Bool { rawValue.hasPrefix("tunnel") }

    /// What the workload says once its connection, or its tunnel, is there.
    var opening: [UInt8] {
      switch self {
      case .request, .tunnelOfRequests: Array("GET / HTTP/1.1\r\nhost: a\r\n\r\n".utf8)
      case .webSocket:
        Array(
          """
          GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
          sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n
          """.utf8)
      case .tls, .tunnelOfTLS: RecheckScene.hello(encrypted: false)
      case .tlsWithEncryptedHello: RecheckScene.hello(encrypted: true)
      case .opaque, .unseen, .tunnelOfOpaque: [0, 1, 2, 3, 4, 5, 6, 7]
      case .silent, .tunnelInWaiting, .explicitRequest: []
      }
    }
  }

  var loop: Loop
  var client: Peer
  var upstream: Peer

  /// Under way by a policy that allows the server's address.
  init(_ kind: Kind) throws {
    let server = try Server()
    let port = server.endpoint.port
    let rule = Rule(
      name: "first", pattern: "127.0.0.1", matcher: .block(CIDR("127.0.0.1")!),
      ports: kind == .unseen ? [port...port] : [])
    var loop = try Loop(policy: Ruleset(rules: [rule], enforcementMode: .enforce))
    loop.holdTime()
    let asksProxy = kind.isTunnel || kind == .explicitRequest
    var client = try asksProxy ? loop.connectToProxy() : loop.connect(to: server.endpoint)
    if kind == .explicitRequest {
      client.send("GET http://127.0.0.1:\(port)/ HTTP/1.1\r\nhost: 127.0.0.1:\(port)\r\n\r\n")
    } else if kind.isTunnel {
      client.send("CONNECT 127.0.0.1:\(port) HTTP/1.1\r\nhost: 127.0.0.1:\(port)\r\n\r\n")
    } else if kind == .silent {
      loop.pass(DataPlaneSettings.Limits().peek + TimerWheel.step)
    } else {
      client.send(kind.opening)
    }
    var upstream = try loop.accept(at: server)
    if kind.isTunnel {
      Self.hear("established\r\n\r\n", &client, &loop)
      if !kind.opening.isEmpty { client.send(kind.opening) }
    }
    let opening = kind.opening
    switch kind {
    case .silent, .tunnelInWaiting:
      for _ in 0..<3 { loop.turn(longestWait: 0) }
    case .request, .explicitRequest, .tunnelOfRequests:
      Self.hear("\r\n\r\n", &upstream, &loop)
    case .webSocket:
      Self.hear("\r\n\r\n", &upstream, &loop)
      upstream.send(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
      Self.hear("\r\n\r\n", &client, &loop)
    default:
      loop.run {
        upstream.read()
        return upstream.received == opening
      }
    }
    self.loop = loop
    self.client = client
    self.upstream = upstream
  }

  /// Puts a policy in force and lets the worker carry it out.
  mutating func publish(_ policy: Ruleset, rechecks: Bool) {
    loop.published.publish(policy, rechecks: rechecks)
    for _ in 0..<3 { loop.turn(longestWait: 0) }
  }

  /// Waits until the workload was told something that ends so.
  mutating func hear(_ ending: String) { Self.hear(ending, &client, &loop) }

  private static func hear(_ ending: String, _ peer: inout Peer, _ loop: inout Loop) {
    loop.run {
      peer.read()
      return peer.text.hasSuffix(ending)
    }
  }

  /// A hello without a name, in which an encrypted one may stand.
  static func hello(encrypted: Bool) -> [UInt8] {
    let inner = [0, 0, 1, 0, 1, 9, 0, 2, 3, 3, 0, 4, 4, 4, 4, 4] as [UInt8]
    let extensions = encrypted ? [0xfe, 0x0d, 0, UInt8(inner.count)] + inner : []
    let body =
      [3, 3] + [UInt8](repeating: 0xab, count: 32) + [0, 0, 2, 0x13, 0x01, 1, 0]
      + [0, UInt8(extensions.count)] + extensions
    return [22, 3, 1, 0, UInt8(body.count + 4), 1, 0, 0, UInt8(body.count)] + body
  }
}
