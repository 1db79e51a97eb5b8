internal import Kernel
package import Logging
package import Telemetry

/// Answers requests to the admin and the health port: a request in, a response out.
///
/// Pure but for what its sources read and do; it knows no sockets. Any thread may use it.
package struct AdminRouter: Sendable {
  /// Which of the two ports a request came in on.
  package enum Surface: Sendable {
    /// Everything, for those who may; loopback only.
    case admin(AdminCaller, port: UInt16)
    /// Only what kubelet and Prometheus need; on all addresses, for anyone.
    case health
  }

  private let lifecycle: Lifecycle
  private let access: AdminAccess
  private let sources: AdminSources
  private let now: @Sendable () -> UInt64

  /// - Parameter now: the wall clock, in nanoseconds since the Unix epoch.
  package init(
    lifecycle: Lifecycle, access: AdminAccess, sources: AdminSources,
    now: @escaping @Sendable () -> UInt64 = Instant.wallClock
  ) {
    self.lifecycle = lifecycle
    self.access = access
    self.sources = sources
    self.now = now
  }

  /// Bytes of a request's body that are read; 0 where one is refused unread.
  func bodyLimit(method: String, path: String) -> Int {
    guard let resource = Resource(rawValue: path), resource.method == method else { return 0 }
    return resource.bodyLimit
  }

  package func respond(to request: AdminRequest, on surface: Surface) -> AdminResponse {
    let path = request.path
    guard let resource = Resource(rawValue: path), resource.isServed(on: surface) else {
      return .failure(404, "NotFound")
    }
    if case .admin(let caller, _) = surface,
      let refusal = access.refusal(of: caller, path, isForEveryone: resource.isForEveryone)
    {
      return .failure(403, "Forbidden", refusal)
    }
    if let method = resource.method {
      return change(resource, taking: method, request, on: surface)
    }
    guard request.method == "GET" || request.method == "HEAD" else {
      return .wrongMethod(allow: "GET, HEAD")
    }
    return show(resource, request)
  }

  private func show(_ resource: Resource, _ request: AdminRequest) -> AdminResponse {
    let state = lifecycle.state
    var body = TextBuffer()
    switch resource {
    case .healthz:
      body.append("{\"state\":\"\(state.name)\"}\n")
      return AdminResponse(status: state == .stopped ? 503 : 200, body: body)
    case .readyz:
      return readiness(state)
    case .status:
      sources.status().append(state: state, to: &body)
    case .metrics:
      sources.metrics(&body)
      return AdminResponse(
        status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: body)
    case .config:
      sources.configuration(&body)
    case .denials:
      do {
        try DenialQuery(request).append(from: sources.denials, to: &body)
      } catch {
        return .failure(400, "BadRequest", error.message)
      }
    case .identity: return IdentityAnswer(sources.identity, at: now()).shown(request)
    case .drain, .loglevel, .identityVerify:
      preconditionFailure("a resource that takes something was asked to show it")
    }
    return AdminResponse(status: 200, body: body)
  }

  /// What the workload needs is there.
  private func readiness(_ state: Lifecycle.State) -> AdminResponse {
    let missing = state == .ready ? sources.missing(at: now()) : []
    var writer = JSONWriter()
    writer.object { writer in
      writer.string("state", state.name)
      if !missing.isEmpty { writer.strings("waitingFor", missing) }
    }
    var body = TextBuffer()
    body.append(writer.text.bytes)
    body.append("\n")
    return AdminResponse(status: state == .ready && missing.isEmpty ? 200 : 503, body: body)
  }

  private func change(
    _ resource: Resource, taking method: String, _ request: AdminRequest, on surface: Surface
  ) -> AdminResponse {
    guard request.method == method else { return .wrongMethod(allow: method) }
    guard case .admin(_, let port) = surface else { return .failure(404, "NotFound") }
    if let complaint = request.foreignOrigin(adminPort: port) {
      return .failure(403, "Forbidden", complaint)
    }
    switch resource {
    case .drain:
      sources.drain()
      var body = TextBuffer()
      body.append("{\"state\":\"\(Lifecycle.State.draining.name)\"}\n")
      return AdminResponse(status: 202, body: body)
    case .loglevel: return setLogLevel(request)
    case .identityVerify: return IdentityAnswer(sources.identity, at: now()).verified(request)
    case .healthz, .readyz, .status, .metrics, .config, .denials, .identity:
      preconditionFailure("a resource that shows something was asked to change it")
    }
  }

  private func setLogLevel(_ request: AdminRequest) -> AdminResponse {
    let fromQuery = request.parameters?.first { $0.name == "level" }?.value
    let text = fromQuery ?? String(decoding: request.body, as: UTF8.self)
    let name = text.split(whereSeparator: \.isWhitespace).joined(separator: " ").lowercased()
    guard let level = Logger.Level(rawValue: name) else {
      let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
      return .failure(
        400, "BadRequest",
        "\(name.isEmpty ? "no level is given" : "there is no such level"): in the body or as "
          + "?level=, name one of \(names)")
    }
    sources.setLogLevel(level)
    var body = TextBuffer()
    body.append("{\"level\":\"\(level.rawValue)\"}\n")
    return AdminResponse(status: 200, body: body)
  }
}

/// What the answers are made of. Each is called on the admin thread, once per request to its
/// resource, and must not block.
package struct AdminSources: Sendable {
  package var status: @Sendable () -> SidecarStatus
  /// Appends Prometheus text.
  package var metrics: @Sendable (inout TextBuffer) -> Void
  /// Appends the configuration in force as JSON.
  package var configuration: @Sendable (inout TextBuffer) -> Void
  package var denials: DenialLog
  /// Begins the drain, as SIGTERM does; again and again does nothing more.
  package var drain: @Sendable () -> Void
  package var setLogLevel: @Sendable (Logger.Level) -> Void
  /// Nil where the process is to have no identity.
  package var identity: IdentityState?

  package init(
    status: @escaping @Sendable () -> SidecarStatus,
    metrics: @escaping @Sendable (inout TextBuffer) -> Void,
    configuration: @escaping @Sendable (inout TextBuffer) -> Void,
    denials: DenialLog,
    drain: @escaping @Sendable () -> Void,
    setLogLevel: @escaping @Sendable (Logger.Level) -> Void,
    identity: IdentityState? = nil
  ) {
    self.status = status
    self.metrics = metrics
    self.configuration = configuration
    self.denials = denials
    self.drain = drain
    self.setLogLevel = setLogLevel
    self.identity = identity
  }

  /// What the configuration asks for and isn't there, by names that programs know.
  fileprivate func missing(at time: UInt64) -> [String] {
    guard let identity, identity.now.usable(at: time) == nil else { return [] }
    return ["svid"]
  }
}

private enum Resource: String {
  case healthz = "/healthz"
  case readyz = "/readyz"
  case status = "/status"
  case metrics = "/metrics"
  case config = "/config"
  case denials = "/denials"
  case drain = "/drain"
  case loglevel = "/loglevel"
  case identity = "/identity"
  case identityVerify = "/identity/verify"

  func isServed(on surface: AdminRouter.Surface) -> Bool {
    switch surface {
    case .admin: true
    case .health: [.healthz, .readyz, .metrics].contains(self)
    }
  }

  /// Any uid of this host may ask on the admin port.
  var isForEveryone: Bool { [.healthz, .readyz, .status, .denials].contains(self) }

  /// The one that it takes where it changes or is sent something; nil where it only shows something.
  var method: String? {
    switch self {
    case .drain, .identityVerify: "POST"
    case .loglevel: "PUT"
    case .healthz, .readyz, .status, .metrics, .config, .denials, .identity: nil
    }
  }

  /// Bytes of a body that are read; 0 where none is taken.
  var bodyLimit: Int {
    switch self {
    // The longest level has eight.
    case .loglevel: 32
    // A chain of several certificates, with what openssl prints around them.
    case .identityVerify: 65536
    default: 0
    }
  }
}
