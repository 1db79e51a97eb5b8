package import Telemetry

/// Answers requests to the admin and the health port: a request line in, a response out.
///
/// Pure but for what its sources read; it knows no sockets. Any thread may use it.
package struct AdminRouter: Sendable {
  /// Which of the two ports a request came in on.
  package enum Surface: Sendable {
    /// Everything; loopback only.
    case admin
    /// Only what kubelet and Prometheus need; on all addresses.
    case health
  }

  private let lifecycle: Lifecycle
  private let status: @Sendable () -> SidecarStatus
  private let metrics: @Sendable (inout TextBuffer) -> Void

  /// - Parameters:
  ///   - status: called per request to `/status`, on the admin thread.
  ///   - metrics: appends Prometheus text; called per request to `/metrics`, on the admin thread.
  package init(
    lifecycle: Lifecycle,
    status: @escaping @Sendable () -> SidecarStatus,
    metrics: @escaping @Sendable (inout TextBuffer) -> Void
  ) {
    self.lifecycle = lifecycle
    self.status = status
    self.metrics = metrics
  }

  /// - Parameter target: in origin form; a query is ignored.
  package func respond(to method: String, _ target: String, on surface: Surface) -> AdminResponse {
    let path = target.prefix { $0 != "?" }
    guard let resource = Resource(rawValue: String(path)), resource.isServed(on: surface) else {
      return .failure(404, "NotFound")
    }
    // Every resource so far is read only.
    guard method == "GET" || method == "HEAD" else {
      var response = AdminResponse.failure(405, "MethodNotAllowed")
      response.allow = "GET, HEAD"
      return response
    }
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
      status().append(state: state, to: &body)
      return AdminResponse(status: 200, body: body)
    case .metrics:
      metrics(&body)
      return AdminResponse(
        status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: body)
    }
  }

  private enum Resource: String {
    case healthz = "/healthz"
    case readyz = "/readyz"
    case status = "/status"
    case metrics = "/metrics"

    func isServed(on surface: Surface) -> Bool {
      switch surface {
      case .admin: true
      case .health: self != .status
      }
    }
  }
}

/// A response of the admin interface, body included.
package struct AdminResponse: Sendable {
  package var status: Int
  package var contentType: String
  package var body: [UInt8]
  /// The value of `allow`, which a 405 must have (RFC 9110 §15.5.6).
  package var allow: String?

  init(status: Int, contentType: String = "application/json", body: borrowing TextBuffer) {
    self.status = status
    self.contentType = contentType
    let bytes = body.bytes
    self.body = bytes.indices.map { bytes[$0] }
  }

  static func failure(_ status: Int, _ error: StaticString) -> AdminResponse {
    var body = TextBuffer()
    body.append("{\"error\":\"\(error)\"}\n")
    return AdminResponse(status: status, body: body)
  }
}
