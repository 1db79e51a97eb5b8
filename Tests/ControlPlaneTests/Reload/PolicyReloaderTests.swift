import Addressing
import Configuration
import Foundation
import Kernel
import Logging
import Policy
import TestNetwork
import Testing

@testable import ControlPlane

/// A document that changes on disk while it is in force.
@Suite("A reloaded document")
struct PolicyReloaderTests {
  /// A running process, as far as its policy goes.
  final class Process {
    let volume: Volume
    let path: String
    let inForce: PolicyInForce
    let status: ReloadStatus
    let lines = LogLines()
    private var reloader: PolicyReloader?
    private(set) var published: [PolicyInForce.Snapshot] = []

    init(_ text: String) throws {
      volume = try Volume()
      try volume.write("config.yaml", text)
      path = volume.path("config.yaml")
      let loaded = try Document.load(path: path)
      inForce = PolicyInForce(loaded.document)
      status = ReloadStatus(loadedAt: 1)
      reloader = PolicyReloader(
        path: path, started: loaded.document.withoutRules, fingerprint: loaded.fingerprint,
        inForce: inForce, status: status, log: lines.logger(level: LogLevel(.debug))
      ) { [unowned self] in published.append($0) }
    }

    func reload(_ cause: PolicyReloader.Cause = .change(.closed)) { reloader?.reload(cause) }

    func reload(_ text: String, _ cause: PolicyReloader.Cause = .change(.closed)) throws {
      try volume.write("config.yaml", text)
      reload(cause)
    }

    var errors: [String] { lines.all.filter { $0.contains(#""level":"error""#) } }
  }

  static let first = """
    workspaceId: w
    egress: {allowlist: [{hostPattern: a.example.com}]}

    """
  static let second = """
    workspaceId: w
    enforcementMode: monitor
    onReload: recheck
    egress:
      injectTraceContext: false
      allowlist: [{hostPattern: a.example.com}, {hostPattern: b.example.com}]

    """

  @Test func `takes effect`() throws {
    let process = try Process(Self.first)
    try process.reload(Self.second)
    let now = process.inForce.now
    #expect(process.published.count == 1)
    #expect(process.published.last?.ruleset === now.ruleset)
    #expect(now.ruleset.ruleCount == 2)
    #expect(now.ruleset.enforcementMode == .monitor)
    #expect(now.document.onReload == .recheck)
    #expect(!now.document.egress.injectTraceContext)
    let status = process.status.now
    #expect(status.generation == 2)
    #expect(status.successes == 1)
    #expect(status.failures == 0)
    #expect(status.loadedAt > 1)
    #expect(status.lastAttemptAt == status.loadedAt)
    #expect(status.lastError == nil)
    #expect(status.restartNeeded == [])
  }

  /// Texts with something wrong, and how what is said of them begins.
  @Test(arguments: [
    ("", ":1:1: the document is empty"),
    ("workspaceId: w\negress: {allowlist: [{hostPat", ":3:1: this is not valid YAML"),
    ("workspaceId: w\negress: {allowlist: [{hostPattern: a.example.com, prot: 1}]}\n", ":2:"),
    ("workspaceId: w\nonReload: maybe\nworkers: 0\n", ":2:11: onReload: must be keep or recheck"),
    ("[1, 2]\n", ":1:1: this is no configuration"),
  ])
  func changesNothing(_ text: String, _ complaint: String) throws {
    let process = try Process(Self.first)
    let ruleset = process.inForce.now.ruleset
    try process.reload(text)
    #expect(process.published.isEmpty)
    #expect(process.inForce.now.ruleset === ruleset)
    let status = process.status.now
    #expect(status.generation == 1)
    #expect(status.loadedAt == 1)
    #expect(status.failures == 1)
    #expect(status.lastAttemptAt > 1)
    #expect(status.lastError?.hasPrefix(process.path + complaint) == true, "\(status)")
    #expect(status.lastError?.contains("\n") == false)
    #expect(process.errors.contains { $0.contains(complaint) })

    // The same text once more is no news, and another good one mends it.
    let logged = process.errors.count
    try process.reload(text)
    #expect(process.errors.count == logged)
    #expect(process.status.now.failures == 1)
    try process.reload(Self.second)
    #expect(process.published.count == 1)
    #expect(process.status.now.generation == 2)
    #expect(process.status.now.lastError == nil)
  }

  @Test func `says everything that is wrong, each with its place`() throws {
    let process = try Process(Self.first)
    try process.reload("workspaceId: w\nonReload: maybe\nworkers: 0\nprox: 1\n")
    for place in [":2:11: onReload", ":3:10: workers", ":4:1: prox"] {
      #expect(process.errors.count { $0.contains(place) } == 1, "\(place)")
    }
    #expect(process.status.now.lastError?.hasSuffix(" (and 2 more)") == true)
  }

  @Test func `that is gone or no file changes nothing, and is said once`() throws {
    let process = try Process(Self.first)
    try process.volume.remove("config.yaml")
    process.reload()
    process.reload()
    #expect(process.errors.count { $0.contains("there is no such file") } == 1)
    #expect(process.status.now.failures == 1)
    try process.volume.makeDirectory("config.yaml")
    process.reload()
    #expect(process.status.now.failures == 2)
    // Whoever asks for it hears it again.
    process.reload(.request)
    #expect(process.status.now.failures == 3)
    #expect(process.published.isEmpty)
  }

  @Test(
    "that was written in place and breaks off within a line changes nothing",
    arguments: [PathWatch.Change.closed, .underWay])
  func cutOff(_ change: PathWatch.Change) throws {
    let process = try Process(Self.first)
    // Valid, and more than was meant.
    let half = "workspaceId: w\negress: {allowlist: [{hostPattern: a.example.com, port: 443}]}"
    try process.reload(half, .change(change))
    #expect(process.published.isEmpty)
    #expect(process.status.now.failures == 1)
    #expect(process.status.now.lastError?.contains("cut off") == true)
    try process.reload(half + "\n", .change(change))
    #expect(process.published.count == 1)
    #expect(process.status.now.lastError == nil)
  }

  @Test("the same text is whole where it was moved into place, or somebody asks")
  func whole() throws {
    for cause in [PolicyReloader.Cause.change(.movedIntoPlace), .request] {
      let process = try Process(Self.first)
      try process.reload(String(Self.second.dropLast()), cause)
      #expect(process.published.count == 1)
    }
  }

  @Test func `with the text in force is no news, unless somebody asked`() throws {
    let process = try Process(Self.first)
    try process.reload(Self.first)
    #expect(process.published.isEmpty)
    #expect(process.status.now.successes == 0)
    process.reload(.request)
    #expect(process.published.count == 1)
    #expect(process.status.now.successes == 1)
    #expect(process.status.now.generation == 2)
  }

  @Test func `that was spoilt and mended is the one in force again`() throws {
    let process = try Process(Self.first)
    try process.reload("workspaceId: w\nworkers: [")
    #expect(process.status.now.lastError != nil)
    try process.reload(Self.first)
    #expect(process.published.isEmpty)
    #expect(process.status.now.lastError == nil)
    #expect(process.status.now.generation == 1)
    try process.reload("workspaceId: w\nworkers: [")
    #expect(process.status.now.failures == 2)
  }

  /// Every key of the document, with a value other than its default.
  static let values: [(key: String, line: String)] = [
    ("workspaceId", "workspaceId: other"),
    ("proxyPort", "proxyPort: 16001"),
    ("inboundPort", "inboundPort: 16006"),
    ("adminPort", "adminPort: 16000"),
    ("healthPort", "healthPort: 0"),
    ("dnsPort", "dnsPort: 16053"),
    ("workers", "workers: 7"),
    ("admin.allowUIDs", "admin: {allowUIDs: 5}"),
    ("egress.explicitProxy", "egress: {explicitProxy: true}"),
    ("limits.peekSeconds", "limits: {peekSeconds: 1}"),
    ("limits.peekBytes", "limits: {peekBytes: 1024}"),
    ("limits.requestHeadSeconds", "limits: {requestHeadSeconds: 1}"),
    ("limits.requestHeadBytes", "limits: {requestHeadBytes: 8192}"),
    ("limits.requestHeadFields", "limits: {requestHeadFields: 64}"),
    ("limits.connectSeconds", "limits: {connectSeconds: 1}"),
    ("limits.idleSeconds", "limits: {idleSeconds: 1}"),
    ("limits.keepAliveSeconds", "limits: {keepAliveSeconds: 1}"),
    ("limits.halfClosedSeconds", "limits: {halfClosedSeconds: 1}"),
    ("limits.maxConnections", "limits: {maxConnections: 7}"),
    ("limits.bufferBytes", "limits: {bufferBytes: 33554432}"),
    ("audit.sink", "audit: {sink: /var/log/audit}"),
    ("audit.format", "audit: {format: cloudevents}"),
    ("audit.whenFull", "audit: {whenFull: drop}"),
    ("mtls", "mtls: {workloadAPI: 'unix:///run/other.sock'}"),
    ("inbound.mode", "inbound: {mode: strict}"),
    ("capture", "capture: {resolvers: [10.0.0.53]}"),
  ]

  /// What must stand in the document beside the key.
  static let beside = ["inbound.mode": "mtls: {}\ncapture: {inbound: {redirect: true}}\n"]

  @Test(arguments: values) func needsARestart(_ key: String, _ line: String) throws {
    let beside = Self.beside[key, default: ""]
    let process = try Process("workspaceId: w\n" + beside)
    let document = process.inForce.now.document
    try process.reload((key == "workspaceId" ? "" : "workspaceId: w\n") + beside + line + "\n")
    #expect(process.status.now.restartNeeded == [key], "\(process.lines.all)")
    #expect(process.lines.all.contains { $0.contains("\(key) has changed") })
    // What is in force still has the value that the process was started with.
    #expect(RestartKeys.changed(from: document, to: process.inForce.now.document) == [])
    // Undone: nothing is left to be restarted for.
    try process.reload("workspaceId: w\nonReload: recheck\n" + beside)
    #expect(process.status.now.restartNeeded == [])
  }

  /// What a reload brings into force; every other key needs a restart.
  static let reloaded: Set<String> = [
    "enforcementMode", "onReload", "egress", "inbound", "limits.drainSeconds",
  ]

  @Test func `knows of every key whether it needs a restart`() {
    let values = Self.values.map(\.key)
    #expect(Set(values) == Set(RestartKeys.paths))
    for (path, declaration) in Document.schema.flatMap({ $0.flattened() }) {
      if case .section = declaration.shape { continue }
      let isKnown = (Self.reloaded.union(RestartKeys.paths)).contains {
        path == $0 || path.hasPrefix("\($0).") || path.hasPrefix("\($0)[")
      }
      #expect(isKnown, "\(path)")
    }
  }

  @Test func `refills no rate limit`() throws {
    let limited = """
      egress: {allowlist: [{hostPattern: a.example.com, rateLimit: {perSecond: 0.001, burst: 2}}]}

      """
    let process = try Process("workspaceId: w\n" + limited)
    let flow = Flow(
      destination: OriginalDestination(
        Endpoint(address: IPAddress("192.0.2.1")!, port: 443)),
      name: try HostName("a.example.com"), content: .tls(encryptedClientHello: false))
    func isAllowed() -> Bool {
      switch process.inForce.now.ruleset.decide(flow, from: nil, at: 1_000_000_000) {
      case .allow: true
      case .deny: false
      }
    }
    #expect(isAllowed())
    try process.reload("workspaceId: w\nonReload: recheck\n" + limited)
    #expect(process.status.now.successes == 1)
    #expect(isAllowed())
    #expect(!isAllowed())
    process.reload(.request)
    #expect(!isAllowed())
  }
}
