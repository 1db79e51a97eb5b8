import Configuration
import ControlPlane
import Foundation
import Kernel
import Logging
import Policy
import Synchronization
import Telemetry
import Testing

@Suite("The admin interface")
struct AdminRouterTests {
  @Test(
    "is alive until it stopped, ready only when ready",
    arguments: [
      (Lifecycle.State.initializing, 200, 503), (.ready, 200, 200), (.draining, 200, 503),
      (.stopped, 503, 503),
    ])
  func probes(state: Lifecycle.State, health: Int, readiness: Int) throws {
    let lifecycle = Lifecycle()
    lifecycle.advance(to: state)
    for surface in [AdminRouter.Surface.root, .health] {
      let healthz = router(lifecycle).respond(to: get("/healthz"), on: surface)
      #expect(healthz.status == health)
      #expect(try object(healthz) as? [String: String] == ["state": state.name])
      let readyz = router(lifecycle).respond(to: get("/readyz"), on: surface)
      #expect(readyz.status == readiness)
      #expect(try object(readyz) as? [String: String] == ["state": state.name])
    }
  }

  @Test("tells its status with what is known")
  func status() throws {
    let lifecycle = Lifecycle()
    lifecycle.advance(to: .ready)
    let response = router(lifecycle).respond(to: get("/status"), on: .root)
    #expect(response.status == 200)
    #expect(response.contentType == "application/json")
    let object = try object(response)
    #expect(object["state"] as? String == "ready")
    #expect(object["workspaceId"] as? String == "ws-\"billing\"")
    #expect(object["egressRuleCount"] as? Int == 3)
    #expect(object["enforcementMode"] as? String == "monitor")
    #expect(object["workers"] as? Int == 2)
    #expect(object["version"] as? String == "0.1.0")
    #expect(object["startedAtIso"] as? String == "2026-11-21T07:00:00.000000000Z")
    #expect(object["generation"] as? Int == 1)
    #expect(object["loadedAtIso"] as? String == "2026-11-21T07:00:00.000000000Z")
    #expect(object["restartNeeded"] as? [String] == [])
    let audit = try #require(object["audit"] as? [String: Any])
    #expect(audit["sink"] as? String == "/var/log/audit.json")
    #expect(audit["whenFull"] as? String == "wait")
    #expect(audit["queuedBytes"] as? Int == 5)
    #expect(audit["capacityBytes"] as? Int == 10)
    #expect(audit["dropped"] as? Int == 2)
    #expect(audit["stalls"] as? Int == 3)
    #expect(object.count == 11)
  }

  @Test("tells what became of the last reload")
  func reloads() throws {
    var status = SidecarStatus.sample
    status.reload.generation = 4
    status.reload.lastError = "c.yaml:3:1: \"x\" is wrong"
    status.reload.restartNeeded = ["workers", "audit.sink"]
    let object = try object(router(status: status).respond(to: get("/status"), on: .admin(uid: 9)))
    #expect(object["generation"] as? Int == 4)
    #expect(object["restartNeeded"] as? [String] == ["workers", "audit.sink"])
    let error = try #require(object["lastReloadError"] as? [String: String])
    #expect(error["message"] == "c.yaml:3:1: \"x\" is wrong")
    #expect(error["atIso"] == "2026-11-21T07:00:00.000000000Z")
  }

  @Test("leaves the rule count out of the status until there is a policy")
  func statusWithoutPolicy() throws {
    var status = SidecarStatus.sample
    status.egressRuleCount = nil
    let response = router(Lifecycle(), status: status).respond(to: get("/status"), on: .root)
    let object = try object(response)
    #expect(object["egressRuleCount"] == nil)
    #expect(object["state"] as? String == "initializing")
    #expect(object.count == 10)
  }

  @Test("hands out metrics as Prometheus text on both ports")
  func metrics() {
    for surface in [AdminRouter.Surface.root, .health] {
      let response = router(Lifecycle()).respond(to: get("/metrics"), on: surface)
      #expect(response.status == 200)
      #expect(response.contentType == "text/plain; version=0.0.4; charset=utf-8")
      #expect(String(decoding: response.body, as: UTF8.self) == "portarium_x 1\n")
    }
  }

  @Test(
    "serves nothing else, and on the health port not even the status",
    arguments: [
      ("/", AdminRouter.Surface.root), ("/healthz/", .root), ("/HEALTHZ", .root), ("", .root),
      ("*", .root), ("/../healthz", .root), ("http://x/healthz", .root), ("?/healthz", .root),
      ("/status", .health), ("/config", .health), ("/denials", .health), ("/drain", .health),
      ("/loglevel", .health),
    ])
  func unknownPaths(target: String, surface: AdminRouter.Surface) throws {
    let response = router(Lifecycle()).respond(to: get(target), on: surface)
    #expect(response.status == 404)
    #expect(try object(response)["error"] as? String == "NotFound")
  }

  @Test("ignores a query", arguments: ["/healthz?", "/healthz?verbose=1", "/healthz??/status"])
  func query(target: String) {
    #expect(router(Lifecycle()).respond(to: get(target), on: .health).status == 200)
  }

  @Test(
    "refuses every method but GET and HEAD, and says which it takes",
    arguments: ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "HEADS"])
  func otherMethods(method: String) {
    for path in ["/healthz", "/readyz", "/status", "/metrics", "/config", "/denials"] {
      let response = router(Lifecycle()).respond(
        to: AdminRequest(method: method, target: path, host: "127.0.0.1:15000"), on: .root)
      #expect(response.status == 405)
      #expect(response.allow == "GET, HEAD")
    }
    let head = AdminRequest(method: "HEAD", target: "/healthz")
    #expect(router(Lifecycle()).respond(to: head, on: .root).status == 200)
  }
}

@Suite("The lifecycle")
struct LifecycleTests {
  @Test("begins with initializing")
  func start() {
    #expect(Lifecycle().state == .initializing)
  }

  @Test("never goes back, nor enters a state twice")
  func forwardOnly() {
    for from in Lifecycle.State.allCases {
      for to in Lifecycle.State.allCases {
        let lifecycle = Lifecycle()
        lifecycle.advance(to: from)
        #expect(lifecycle.advance(to: to) == (to > from))
        #expect(lifecycle.state == max(from, to))
      }
    }
  }

  @Test("lets exactly one of many threads begin the drain")
  func oneDrain() async {
    let lifecycle = Lifecycle()
    let winners = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<64 { group.addTask { lifecycle.advance(to: .draining) } }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(winners == 1)
  }
}

extension SidecarStatus {
  static let sample = SidecarStatus(
    workspaceId: "ws-\"billing\"", version: "0.1.0", enforcementMode: .monitor, egressRuleCount: 3,
    workers: 2, startedAt: 1_795_244_400_000_000_000,
    reload: ReloadStatus(loadedAt: 1_795_244_400_000_000_000).now,
    audit: SidecarStatus.Audit(
      Configuration.Audit(sink: .file(path: "/var/log/audit.json")), queuedBytes: 5,
      capacityBytes: 10, dropped: 2, stalls: 3))
}

extension AdminRouter.Surface {
  static let root = AdminRouter.Surface.admin(.local(uid: 0), port: 15000)

  static func admin(uid: UInt32) -> AdminRouter.Surface { .admin(.local(uid: uid), port: 15000) }
}

func get(_ target: String) -> AdminRequest { AdminRequest(method: "GET", target: target) }

extension Lifecycle {
  static var ready: Lifecycle {
    let lifecycle = Lifecycle()
    lifecycle.advance(to: .ready)
    return lifecycle
  }
}

/// What was asked of the sources of a router.
final class Asked: Sendable {
  let drains = Mutex(0)
  let levels = Mutex<[Logger.Level]>([])

  var drainCount: Int { drains.withLock { $0 } }
  var askedLevels: [Logger.Level] { levels.withLock { $0 } }
}

func router(
  _ lifecycle: Lifecycle = .ready, status: SidecarStatus = .sample,
  allowing uids: [UInt32] = [], denials: DenialLog = DenialLog(), asked: Asked = Asked()
) -> AdminRouter {
  AdminRouter(
    lifecycle: lifecycle, access: AdminAccess(ownUID: Process.userID, allowing: uids),
    sources: AdminSources(
      status: { status }, metrics: { $0.append("portarium_x 1\n") },
      configuration: { $0.append("{\"workspaceId\":\"w\"}\n") }, denials: denials,
      drain: { asked.drains.withLock { $0 += 1 } },
      setLogLevel: { level in asked.levels.withLock { $0.append(level) } }))
}

func object(_ response: AdminResponse) throws -> [String: Any] {
  try #require(
    JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
}
