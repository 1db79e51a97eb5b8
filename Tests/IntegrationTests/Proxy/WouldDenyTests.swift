import Foundation
import TestNetwork
import Testing

/// `egress.reportWouldDeny` with real clients and servers: who is only watched learns of it.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct WouldDenyTests {
  static let field = "x-portarium-would-deny"

  /// The fields of that name in the heads of a transfer, one list for each response.
  private func said(_ scene: ProxyScene, _ arguments: String...) throws -> [[String]] {
    let answer = try scene.curl(["-i"] + arguments)
    #expect(answer.exit == 0, "\(answer.errors)")
    return answer.body.components(separatedBy: "HTTP/1.").dropFirst().map { response in
      response.split(whereSeparator: \.isNewline)
        .filter { $0.lowercased().hasPrefix(Self.field) }
        .map { $0.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? "" }
    }
  }

  @Test func `what monitor mode lets pass says so, and what a rule allows doesn't`() throws {
    let scene = try ProxyScene(
      allowlist: "{hostPattern: api.example.com, allowedMethods: [GET]}",
      egress: "reportWouldDeny: true", top: "enforcementMode: monitor")
    #expect(try said(scene, "http://api.example.com/") == [[]])
    #expect(try said(scene, "http://other.example.net/") == [["host-not-allowed"]])
    #expect(try said(scene, "-0", "http://other.example.net/") == [["host-not-allowed"]])
    #expect(try said(scene, "-I", "http://api.example.com/") == [["method-not-allowed"]])
    #expect(
      try said(
        scene, "http://other.example.net/a", "http://api.example.com/b",
        "http://other.example.net/c"
      ) == [["host-not-allowed"], [], ["host-not-allowed"]])
    let reasons = try scene.sidecar.drain().records.map { "\($0.decision) \($0.reason)" }
    #expect(reasons.count == 7)
    #expect(reasons.first == "allow ")
    #expect(reasons.last == "deny host-not-allowed")
  }

  @Test func `a rule that is watched on its own says so amid what is enforced`() throws {
    let scene = try ProxyScene(
      allowlist: """
        {hostPattern: api.example.com, allowedMethods: [HEAD], enforcementMode: monitor}
        {hostPattern: example.com, allowedMethods: [HEAD]}
        """, egress: "reportWouldDeny: true")
    #expect(try said(scene, "http://api.example.com/") == [["method-not-allowed"]])
    #expect(try said(scene, "-I", "http://api.example.com/") == [[]])
    let refused = try scene.curl("-i", "http://example.com/")
    #expect(refused.status == 403)
    #expect(!refused.body.contains(Self.field))
  }

  @Test func `the answer to a CONNECT says so, too`() throws {
    let scene = try ProxyScene(
      allowlist: "{hostPattern: api.example.com, allowedMethods: [GET]}",
      egress: "explicitProxy: true\n  reportWouldDeny: true", top: "enforcementMode: monitor")
    func answers(_ url: String) throws -> [[String]] {
      try said(scene, "-p", "-x", "http://127.0.0.1:15001", url)
    }
    #expect(
      try answers("http://other.example.net/") == [["host-not-allowed"], ["host-not-allowed"]])
    // What comes through a tunnel may show its method yet.
    #expect(try answers("http://api.example.com/") == [[], []])
  }

  @Test func `nothing says so unless the document asks for it`() throws {
    let scene = try ProxyScene(allowlist: "", top: "enforcementMode: monitor")
    #expect(try said(scene, "http://other.example.net/") == [[]])
  }

  /// What the workload sends, what the server answers to each request, and what the workload is to
  /// get, where `+` stands for the field line. Escapes are peer.py's.
  struct Exchange {
    var requests = [#"GET /0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"#]
    var answers: [String]
    var got: String
  }

  static let exchanges = [
    Exchange(
      answers: [#"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"#],
      got: #"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n+\r\nab"#),
    Exchange(answers: [#"HTTP/1.1 204\r\n\r\n"#], got: #"HTTP/1.1 204\r\n+\r\n"#),
    Exchange(
      answers: [
        #"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nT: u\r\n\r\n"#
      ],
      got: #"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n+\r\n2\r\nab\r\n0\r\nT: u\r\n\r\n"#),
    Exchange(
      requests: [#"HEAD /0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"#],
      answers: [#"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"#],
      got: #"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n+\r\n"#),
    // HTTP/1.0, and a body that ends by closing.
    Exchange(
      requests: [#"GET /0 HTTP/1.0\r\nHost: a\r\n\r\n"#],
      answers: [#"HTTP/1.0 200 OK\r\n\r\nabc"#], got: #"HTTP/1.0 200 OK\r\n+\r\nabc"#),
    // Pipelined.
    Exchange(
      requests: [
        #"GET /0 HTTP/1.1\r\nHost: a\r\n\r\n"#,
        #"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"#,
      ],
      answers: [
        #"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"#,
        #"HTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nb"#,
      ],
      got: #"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n+\r\naHTTP/1.1 404 No\r\n"#
        + #"Content-Length: 1\r\n+\r\nb"#),
    // Interim responses are none to the request yet.
    Exchange(
      answers: [
        #"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Wait\r\n\r\n"#
          + #"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"#
      ],
      got: #"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Wait\r\n\r\n"#
        + #"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n+\r\n"#),
    // A server that says so itself.
    Exchange(
      answers: [
        #"HTTP/1.1 103 Early Hints\r\nX-Portarium-Would-Deny: no\r\n\r\nHTTP/1.1 200 OK\r\n"#
          + #"x-portarium-would-deny: no\r\nContent-Length: 1\r\nx_portarium_would_deny: no\r\n"#
          + #"\r\na"#
      ],
      got: #"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n+\r\na"#),
    // Behind a switch of protocols everything is the new one's.
    Exchange(
      requests: [
        #"GET /0 HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"#
      ],
      answers: [
        #"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"#
          + #"x-portarium-would-deny: 1\r\n"#
      ],
      got: #"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: websocket\r\n+\r\n"#
        + #"x-portarium-would-deny: 1\r\n"#),
  ]

  /// How a policy looks at every exchange, and what the field line is then; nil where responses are
  /// not touched at all.
  enum Look: CaseIterable {
    case watched, allowed, unasked

    var allowlist: String {
      self == .allowed ? "{hostPattern: 10.77.2.70}" : "{hostPattern: 10.77.2.70, port: 1}"
    }
    var line: String? {
      switch self {
      case .watched: #"x-portarium-would-deny: port-not-allowed\r\n"#
      case .allowed: ""
      case .unasked: nil
      }
    }
  }

  @Test(arguments: Look.allCases, ["send", "dribble"])
  func `nothing of a response changes but that line`(look: Look, pace: String) throws {
    let scene = try ProxyScene(
      allowlist: look.allowlist, egress: look == .unasked ? "" : "reportWouldDeny: true",
      top: "enforcementMode: monitor")
    for (index, exchange) in Self.exchanges.enumerated() {
      let port = 9000 + index
      try scene.listen(
        ProxyScene.raw4, port,
        exchange.answers.enumerated().flatMap {
          ["until:/\($0.offset) HTTP", #"until:\r\n\r\n"#, "\(pace):\($0.element)"]
        })
      let seen = try scene.connect(
        ProxyScene.raw4, port, "send:\(exchange.requests.joined())", "end")
      let expected =
        look.line.map { exchange.got.replacing("+", with: $0) } ?? exchange.answers.joined()
      #expect(
        seen.received == expected.replacing(#"\r\n"#, with: "\r\n"), "exchange \(index): \(seen)")
    }
  }
}
