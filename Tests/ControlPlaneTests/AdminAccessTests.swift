import Addressing
import ControlPlane
import Kernel
import Logging
import Policy
import Telemetry
import Testing

@Suite("Who may ask for what")
struct AdminAccessTests {
  static let forEveryone = ["/healthz", "/readyz", "/status", "/denials"]
  static let changes = [("POST", "/drain"), ("PUT", "/loglevel?level=debug")]

  @Test("Root, the sidecar's uid and those that the document names may ask for everything")
  func privileged() {
    for uid in [0, Process.userID, 77] {
      for path in Self.forEveryone + ["/metrics", "/config"] {
        #expect(router(allowing: [77]).respond(to: get(path), on: .admin(uid: uid)).status == 200)
      }
      for (method, path) in Self.changes {
        let request = AdminRequest(method: method, target: path, host: "127.0.0.1:15000")
        let status = router(allowing: [77]).respond(to: request, on: .admin(uid: uid)).status
        #expect(status / 100 == 2, "\(uid) \(path)")
      }
    }
  }

  @Test(
    "Any other uid may ask how it is and what was denied, and changes nothing", arguments: 1...2)
  func others(step: UInt32) throws {
    let (uid, asked) = (Process.userID + step, Asked())
    let router = router(allowing: [uid + 1], asked: asked)
    for path in Self.forEveryone {
      #expect(router.respond(to: get(path), on: .admin(uid: uid)).status == 200)
    }
    for (method, path) in Self.changes + [
      ("GET", "/metrics"), ("GET", "/config"), ("GET", "/drain"),
    ] {
      let request = AdminRequest(method: method, target: path, host: "127.0.0.1:15000")
      let response = router.respond(to: request, on: .admin(uid: uid))
      #expect(response.status == 403)
      let body = try object(response)
      #expect(body["error"] as? String == "Forbidden")
      let message = try #require(body["message"] as? String)
      #expect(message.contains("uid \(uid) ") && message.contains("admin.allowUIDs"))
    }
    #expect(asked.drainCount == 0)
    #expect(asked.askedLevels == [])
  }

  @Test(
    "Who isn't known gets nothing, and is told why",
    arguments: [
      (PeerFailure.gone, "closed"), (.unavailable(Errno(2)), "No such file or directory"),
      (.notLoopback(Endpoint(address: IPAddress("10.0.0.9")!, port: 7)), "10.0.0.9:7"),
      (.redirected(Endpoint(address: IPAddress("203.0.113.5")!, port: 443)), "203.0.113.5:443"),
    ])
  func unknown(failure: PeerFailure, word: String) throws {
    let asked = Asked()
    for path in Self.forEveryone + ["/metrics", "/config"] {
      let response = router().respond(to: get(path), on: .admin(.unknown(failure), port: 15000))
      #expect(response.status == 403)
      #expect(try #require(object(response)["message"] as? String).contains(word))
    }
    for (method, path) in Self.changes {
      let request = AdminRequest(method: method, target: path, host: "127.0.0.1:15000")
      let response = router(asked: asked).respond(
        to: request, on: .admin(.unknown(failure), port: 15000))
      #expect(response.status == 403)
    }
    #expect(asked.drainCount == 0)
  }

  @Test("Nobody learns from the answer which other resources there are")
  func unknownPath() {
    #expect(router().respond(to: get("/secret"), on: .admin(uid: 4000)).status == 404)
  }
}

@Suite("What changes something")
struct AdminChangeTests {
  private func ask(
    _ method: String, _ target: String, host: String? = "127.0.0.1:15000", origin: String? = nil,
    site: String? = nil, body: String = "", asked: Asked = Asked()
  ) -> AdminResponse {
    router(asked: asked).respond(
      to: AdminRequest(
        method: method, target: target, host: host, origin: origin, fetchSite: site,
        body: Array(body.utf8)), on: .root)
  }

  @Test("POST /drain asks for the drain, also a second time")
  func drain() throws {
    let asked = Asked()
    for _ in 1...2 {
      let response = ask("POST", "/drain", asked: asked)
      #expect(response.status == 202)
      #expect(try object(response)["state"] as? String == "draining")
    }
    #expect(asked.drainCount == 2)
  }

  @Test("No other method drains", arguments: ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
  func drainMethods(method: String) {
    let asked = Asked()
    let response = ask(method, "/drain", asked: asked)
    #expect(response.status == 405)
    #expect(response.allow == "POST")
    #expect(asked.drainCount == 0)
    #expect(ask("POST", "/loglevel?level=debug").allow == "PUT")
  }

  @Test(
    "PUT /loglevel takes a level's name in the query or as the body",
    arguments: [
      ("/loglevel?level=debug", "", Logger.Level.debug), ("/loglevel", "trace", .trace),
      ("/loglevel", "WARNING\n", .warning), ("/loglevel?x=y&level=error", "info", .error),
    ])
  func level(target: String, body: String, level: Logger.Level) throws {
    let asked = Asked()
    let response = ask("PUT", target, body: body, asked: asked)
    #expect(response.status == 200)
    #expect(try object(response)["level"] as? String == level.rawValue)
    #expect(asked.askedLevels == [level])
  }

  @Test(
    "A level that there isn't changes nothing and is told which there are",
    arguments: [("/loglevel", ""), ("/loglevel", "verbose"), ("/loglevel?level=", "debug")])
  func noLevel(target: String, body: String) throws {
    let asked = Asked()
    let response = ask("PUT", target, body: body, asked: asked)
    #expect(response.status == 400)
    let message = try #require(object(response)["message"] as? String)
    for level in Logger.Level.allCases { #expect(message.contains(level.rawValue)) }
    #expect(asked.askedLevels == [])
  }

  @Test(
    "Our own address by each of its names, and our own pages, may ask",
    arguments: [
      ("127.0.0.1:15000", nil, nil), ("localhost:15000", nil, "none"),
      ("[::1]:15000", "http://[::1]:15000", "same-origin"),
      ("LOCALHOST:15000", "http://localhost:15000", nil),
    ])
  func ownOrigin(host: String, origin: String?, site: String?) {
    #expect(ask("POST", "/drain", host: host, origin: origin, site: site).status == 202)
  }

  @Test(
    "A page of another origin can't have a browser in the pod change anything",
    arguments: [
      ("attacker.example:15000", nil, nil), ("attacker.example", nil, nil), (nil, nil, nil),
      ("127.0.0.1", nil, nil), ("127.0.0.1:80", nil, nil), ("127.0.0.1.nip.io:15000", nil, nil),
      ("127.0.0.1:15000", "http://attacker.example", nil), ("127.0.0.1:15000", "null", nil),
      ("127.0.0.1:15000", "http://127.0.0.1:8080", nil),
      ("127.0.0.1:15000", "http://localhost:15000", nil),
      ("127.0.0.1:15000", nil, "cross-site"), ("127.0.0.1:15000", nil, "same-site"),
    ])
  func foreignOrigin(host: String?, origin: String?, site: String?) throws {
    let asked = Asked()
    for (method, target) in AdminAccessTests.changes {
      let response = ask(
        method, target, host: host, origin: origin, site: site, asked: asked)
      #expect(response.status == 403)
      #expect(try object(response)["message"] != nil)
    }
    #expect(asked.drainCount == 0)
    #expect(asked.askedLevels == [])
  }
}
