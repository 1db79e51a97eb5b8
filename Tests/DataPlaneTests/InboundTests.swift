import Addressing
import Foundation
import Kernel
import Policy
import TLS
import Testing

@testable import DataPlane

@Suite("Connections from outside")
struct InboundTests {
  static let get = "GET /a?b HTTP/1.1\r\nhost: api\r\n\r\n"
  static let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
  static let web = "spiffe://example.org/ns/prod/sa/web"

  static func rules(methods: [String] = []) throws -> [InboundRule] {
    [
      InboundRule(
        name: "web", peer: try SPIFFEIDPattern(web),
        allowedMethods: methods.map { HTTPMethod($0)! })
    ]
  }

  @Test("A request of a verified peer reaches the workload, which is told whose it is")
  func request() throws {
    var scene = try InboundScene(rules: Self.rules())
    var peer = try scene.connect(as: "web")
    peer.send(Self.get)
    var workload = try scene.accept()
    scene.loop.run {
      workload.read()
      return workload.text.hasSuffix("\r\n\r\n")
    }
    let hash = try Authority.svid("web").fingerprint.map {
      let text = String($0, radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined()
    #expect(workload.text.hasPrefix("GET /a?b HTTP/1.1\r\nhost: api\r\ntraceparent: "))
    #expect(workload.text.contains("\r\nx-portarium-peer-spiffe-id: \(Self.web)\r\n"))
    let told = try #require(
      workload.text.split(separator: "\r\n").first { $0.hasPrefix("x-forwarded-client-cert: ") })
    #expect(
      told.hasPrefix(
        "x-forwarded-client-cert: By=spiffe://example.org/ns/prod/sa/api;Hash=\(hash);Subject=\""))
    #expect(told.hasSuffix("\";URI=\(Self.web)"))
    workload.send(Self.ok)
    scene.run(&peer) { $0.text.hasSuffix("ok") }
    let record = try #require(try scene.loop.records().first)
    #expect(record["direction"] as? String == "inbound")
    #expect(record["policyDecision"] as? String == "allow")
    #expect(record["matchedRule"] as? String == "web")
    #expect(record["peerSpiffeId"] as? String == Self.web)
    #expect(record["agentSpiffeId"] as? String == "spiffe://example.org/ns/prod/sa/api")
    #expect(record["protocol"] as? String == "http")
    #expect(record["httpPath"] as? String == "/a")
    #expect(record["responseStatus"] as? Int == 200)
    #expect(record["enforcementMode"] as? String == "enforce")
    peer.close()
  }

  @Test(
    "What a peer says of itself never arrives",
    arguments: [
      "x-forwarded-client-cert", "X-Forwarded-Client-Cert", "x_forwarded_client_cert",
      "X-FORWARDED_client-CERT", "x.forwarded.client.cert", "x-portarium-peer-spiffe-id",
      "X_Portarium_Peer_Spiffe_Id",
    ], [InboundMode.strict, .permissive])
  func spoofs(name: String, mode: InboundMode) throws {
    var scene = try InboundScene(mode)
    let request =
      "GET / HTTP/1.1\r\nhost: api\r\n\(name): URI=spiffe://evil\r\n"
      + "accept: x\r\n\(name): By=evil\r\n\r\n"
    if mode == .strict {
      let peer = try scene.connect(as: "web")
      peer.send(request)
      var workload = try scene.accept()
      scene.loop.run {
        workload.read()
        return workload.text.hasSuffix("\r\n\r\n")
      }
      #expect(!workload.text.contains("evil"))
      #expect(workload.text.contains("accept: x\r\n"))
      #expect(workload.text.contains("x-portarium-peer-spiffe-id: \(Self.web)\r\n"))
      peer.close()
    } else {
      let peer = try scene.connect()
      peer.send(request)
      var workload = try scene.accept()
      scene.loop.run {
        workload.read()
        return workload.text.hasSuffix("\r\n\r\n")
      }
      #expect(!workload.text.contains("evil"))
      #expect(!workload.text.contains("client-cert"))
      #expect(!workload.text.contains("peer-spiffe-id"))
      peer.close()
    }
  }

  @Test(
    "Nor among trailers, or by having the next server drop what it is told",
    arguments: [
      "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n"
        + "X_forwarded-client_Cert: URI=x\r\n\r\n",
      "GET / HTTP/1.1\r\nhost: a\r\nconnection: close, X-Forwarded-Client-Cert\r\n\r\n",
      "GET / HTTP/1.1\r\nhost: a\r\nconnection: x-portarium-peer-spiffe-id\r\n\r\n",
    ])
  func trailers(request: String) throws {
    var scene = try InboundScene()
    var peer = try scene.connect(as: "web")
    peer.send(request)
    scene.run(&peer) { $0.hasEnded }
    #expect(peer.text.hasPrefix("HTTP/1.1 400 "))
    #expect(try scene.loop.records().first?["policyReason"] as? String == "malformed-request")
  }

  @Test("A method that no rule admits gets a 403 that says so, and the connection goes on")
  func method() throws {
    var scene = try InboundScene(rules: Self.rules(methods: ["GET"]))
    var peer = try scene.connect(as: "web")
    peer.send("DELETE / HTTP/1.1\r\nhost: api\r\n\r\n" + Self.get)
    scene.run(&peer) { $0.text.contains("}\n") }
    #expect(peer.text.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
    #expect(peer.text.contains(#"{"error":"IngressDenied","reason":"method-not-allowed""#))
    #expect(peer.text.contains(#""peerSpiffeId":"\#(Self.web)""#))
    let workload = try scene.accept()
    workload.send(Self.ok)
    scene.run(&peer) { $0.text.hasSuffix("ok") }
    let records = try scene.loop.records()
    #expect(records.map { $0["policyDecision"] as? String } == ["deny", "allow"])
    #expect(records.map { $0["peerSpiffeId"] as? String } == [Self.web, Self.web])
  }

  @Test("A peer that no rule is for gets a 403, too")
  func peer() throws {
    var scene = try InboundScene(rules: Self.rules())
    var peer = try scene.connect(as: "other")
    peer.send(Self.get)
    scene.run(&peer) { $0.text.contains("}\n") }
    #expect(peer.text.hasPrefix("HTTP/1.1 403 "))
    #expect(peer.text.contains("x-portarium-deny-reason: peer-not-allowed\r\n"))
  }

  @Test("On an opaque port it is told by the handshake's alert")
  func alert() throws {
    var scene = try InboundScene(rules: Self.rules(), isOpaque: true)
    var peer = try scene.connect(as: "other")
    scene.run(&peer) { $0.wasCutOff || $0.hasEnded }
    guard case .alert = peer.session.failure else {
      Issue.record("\(String(describing: peer.session.failure))")
      return
    }
    let record = try #require(try scene.loop.records().first)
    #expect(record["policyReason"] as? String == "peer-not-allowed")
    #expect(record["peerSpiffeId"] == nil)
    #expect(record["tlsFailure"] as? String == "the peer is not admitted")
  }

  @Test("A certificate of another authority's is refused in the handshake, and nothing is relayed")
  func stranger() throws {
    var scene = try InboundScene()
    var peer = try scene.connect(as: "stranger")
    scene.run(&peer) { $0.wasCutOff || $0.hasEnded }
    guard case .alert = peer.session.failure else {
      Issue.record("\(String(describing: peer.session.failure))")
      return
    }
    let record = try #require(try scene.loop.records().first)
    #expect(record["policyReason"] as? String == "no-peer-certificate")
    #expect(record["policyDecision"] as? String == "deny")
    #expect(record["outcome"] as? String == "denied")
    #expect(record["tlsFailure"] as? String != nil)
    #expect(record["peerSpiffeId"] == nil)
    #expect(record["protocol"] as? String == "tls")
  }

  @Test("In strict mode a request without TLS gets a 403 and the end of its connection")
  func plainHTTP() throws {
    var scene = try InboundScene()
    var peer = try scene.connect()
    peer.send(Self.get + Self.get)
    scene.loop.run {
      peer.read()
      return peer.hasEnded
    }
    #expect(peer.text.hasPrefix("HTTP/1.1 403 "))
    #expect(peer.text.contains("no-peer-certificate"))
    #expect(peer.text.contains("connection: close\r\n"))
    #expect(try scene.loop.records().count == 1)
  }

  @Test("And anything else without TLS is reset")
  func plainOpaque() throws {
    var scene = try InboundScene()
    var peer = try scene.connect()
    peer.send("SSH-2.0-x\r\n")
    scene.loop.run {
      peer.read()
      return peer.wasReset
    }
    #expect(try scene.loop.records().first?["policyReason"] as? String == "no-peer-certificate")
  }

  @Test("A port that is declared to be plain text takes anyone's")
  func declaredPort() throws {
    var scene = try InboundScene(isPlaintext: true)
    var peer = try scene.connect()
    peer.send(Self.get)
    let workload = try scene.accept()
    workload.send(Self.ok)
    scene.loop.run {
      peer.read()
      return peer.text.hasSuffix("ok")
    }
    let record = try #require(try scene.loop.records().first)
    #expect(record["policyDecision"] as? String == "allow")
    #expect(record["peerSpiffeId"] == nil)
  }

  @Test("A probe passes without TLS, and makes nothing that follows it pass")
  func probe() throws {
    var scene = try InboundScene(probe: "/healthz")
    var peer = try scene.connect()
    peer.send("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
    let workload = try scene.accept()
    workload.send(Self.ok)
    scene.loop.run {
      peer.read()
      return peer.text.hasSuffix("ok")
    }
    peer.send(Self.get)
    scene.loop.run {
      peer.read()
      return peer.hasEnded
    }
    #expect(peer.text.contains("okHTTP/1.1 403 "))
  }

  @Test(
    "What only resembles a probe is none",
    arguments: [
      "GET /healthz?x HTTP/1.1\r\nhost: a\r\n\r\n", "POST /healthz HTTP/1.1\r\nhost: a\r\n\r\n",
      "GET http://a/healthz HTTP/1.1\r\nhost: a\r\n\r\n",
      "GET /healthz/ HTTP/1.1\r\nhost: a\r\n\r\n",
      "GET /%68ealthz HTTP/1.1\r\nhost: a\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nGET ",
      "GET /healthz HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    ])
  func notQuite(request: String) throws {
    var scene = try InboundScene(probe: "/healthz")
    var peer = try scene.connect()
    peer.send(request)
    scene.loop.run {
      peer.read()
      return peer.hasEnded
    }
    #expect(peer.text.hasPrefix("HTTP/1.1 403 "))
  }

  @Test(
    "Without an identity, or with one that has expired, nobody is accepted",
    arguments: [true, false])
  func identity(isExpired: Bool) throws {
    var scene = try InboundScene(
      identity: isExpired ? try Authority.identity("expired") : nil, hasIdentity: isExpired)
    var peer = try scene.connect(as: "web")
    scene.run(&peer) { $0.wasCutOff || $0.hasEnded }
    guard case .alert = peer.session.failure else {
      Issue.record("\(String(describing: peer.session.failure))")
      return
    }
    let record = try #require(try scene.loop.records().first)
    #expect(record["policyReason"] as? String == "identity-unavailable")
  }

  @Test("A rotation leaves sessions alone, and new ones get the new certificate")
  func rotation() throws {
    var scene = try InboundScene()
    var old = try scene.connect(as: "web")
    let fingerprint = try Authority.svid("workload").fingerprint
    #expect(old.session.peer?.fingerprint == fingerprint)
    scene.loop.published.publish(identity: try Authority.identity("rotated"))
    scene.loop.turn(longestWait: 0)
    let new = try scene.connect(as: "web")
    #expect(new.session.peer?.fingerprint == (try Authority.svid("rotated").fingerprint))
    scene.loop.published.publish(identity: nil)
    old.send(Self.get)
    let workload = try scene.accept()
    workload.send(Self.ok)
    scene.run(&old) { $0.text.hasSuffix("ok") }
    new.close()
  }

  @Test("HTTP/2 gets a GOAWAY")
  func http2() throws {
    var scene = try InboundScene()
    var peer = try scene.connect(as: "web")
    peer.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    scene.run(&peer) { $0.hasEnded }
    #expect(peer.received.prefix(9) == [0, 0, 0, 4, 0, 0, 0, 0, 0])
    #expect(try scene.loop.records().first?["policyReason"] as? String == "opaque-protocol")
  }
}
