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

  /// Bytes of a body that are read where one is taken at all: the longest level has eight.
  static let bodyLimit = 32

  private let lifecycle: Lifecycle
  private let access: AdminAccess
  private let sources: AdminSources

  package init(lifecycle: Lifecycle, access: AdminAccess, sources: AdminSources) {
    self.lifecycle = lifecycle
    self.access = access
    self.sources = sources
  }

  /// Whether a request's body is to be read. All others are refused unread.
  func takesBody(method: String, path: String) -> Bool {
    Resource(rawValue: path)?.method == "PUT" && method == "PUT"
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
      body.append("{\"state\":\"\(state.name)\"}\n")
      return AdminResponse(status: state == .ready ? 200 : 503, body: body)
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
    case .drain, .loglevel:
      preconditionFailure("a resource that changes something was asked to show it")
    }
    return AdminResponse(status: 200, body: body)
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
    case .healthz, .readyz, .status, .metrics, .config, .denials:
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

  package init(
    status: @escaping @Sendable () -> SidecarStatus,
    metrics: @escaping @Sendable (inout TextBuffer) -> Void,
    configuration: @escaping @Sendable (inout TextBuffer) -> Void,
    denials: DenialLog,
    drain: @escaping @Sendable () -> Void,
    setLogLevel: @escaping @Sendable (Logger.Level) -> Void
  ) {
    self.status = status
    self.metrics = metrics
    self.configuration = configuration
    self.denials = denials
    self.drain = drain
    self.setLogLevel = setLogLevel
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

  func isServed(on surface: AdminRouter.Surface) -> Bool {
    switch surface {
    case .admin: true
    case .health: [.healthz, .readyz, .metrics].contains(self)
    }
  }

  /// Any uid of this host may ask on the admin port.
  var isForEveryone: Bool { [.healthz, .readyz, .status, .denials].contains(self) }

  /// The one that it takes where it changes something; nil where it only shows something.
  var method: String? {
    switch self {
    case .drain: "POST"
    case .loglevel: "PUT"
    case .healthz, .readyz, .status, .metrics, .config, .denials: nil
    }
  }
}
