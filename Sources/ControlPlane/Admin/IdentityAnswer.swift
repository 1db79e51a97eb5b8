internal import Addressing
internal import TLS
internal import Telemetry

/// What `/identity` and `/identity/verify` answer.
struct IdentityAnswer {
  /// Nil where the process is to have no identity.
  private let state: IdentityState?
  private let now: UInt64

  /// - Parameter time: nanoseconds since the Unix epoch.
  init(_ state: IdentityState?, at time: UInt64) {
    self.state = state
    now = time
  }

  private static let notConfigured = AdminResponse.failure(
    404, "NotConfigured", "the configuration asks for no identity (mtls)")

  // MARK: Who we are

  /// JSON, or lines for people with `?format=text`. 503 where there is no identity that could be
  /// presented.
  func shown(_ request: AdminRequest) -> AdminResponse {
    guard let state else { return Self.notConfigured }
    let known = state.now
    let status = known.usable(at: now) == nil ? 503 : 200
    let format = request.parameters?.first { $0.name == "format" }?.value
    var body = TextBuffer()
    switch format {
    case nil, "json": append(known, state.source, to: &body)
    case "text":
      appendLines(known, state.source, to: &body)
      return AdminResponse(status: status, contentType: "text/plain; charset=utf-8", body: body)
    default: return .failure(400, "BadRequest", "format is json or text")
    }
    return AdminResponse(status: status, body: body)
  }

  private func append(
    _ known: IdentityState.Snapshot, _ source: Identity.Source, to text: inout TextBuffer
  ) {
    var writer = JSONWriter()
    writer.object { writer in
      writer.boolean("usable", known.usable(at: now) != nil)
      writer.string("source", source.rawValue)
      writer.boolean("connected", known.isConnected)
      if let identity = known.identity {
        let svid = identity.svid
        writer.string("spiffeId", "\(svid.id)")
        writer.string("trustDomain", svid.id.trustDomain.name)
        writer.string("notBeforeIso", isoTimestamp(svid.notBefore))
        writer.string("notAfterIso", isoTimestamp(svid.notAfter))
        writer.string("fingerprint", svid.fingerprint.hexadecimal)
        writer.string("serialNumber", svid.serialNumber)
        if !identity.hint.isEmpty { writer.string("hint", identity.hint) }
        writer.string("obtainedAtIso", isoTimestamp(identity.obtainedAt))
        writer.strings("bundles", identity.trustedNames)
      }
      if let error = known.lastError {
        writer.object("lastError") { writer in
          writer.string("message", error)
          writer.string("atIso", isoTimestamp(known.lastErrorAt ?? 0))
        }
      }
    }
    text.append(writer.text.bytes)
    text.append("\n")
  }

  private func appendLines(
    _ known: IdentityState.Snapshot, _ source: Identity.Source, to text: inout TextBuffer
  ) {
    var lines: [(name: String, value: String)] = []
    if let identity = known.identity {
      let svid = identity.svid
      lines += [
        ("SPIFFE ID", "\(svid.id)"),
        ("trust domain", svid.id.trustDomain.name),
        ("valid from", isoTimestamp(svid.notBefore)),
        (
          identity.hasExpired(at: now) ? "expired" : "valid until", isoTimestamp(svid.notAfter)
        ),
        ("fingerprint", svid.fingerprint.hexadecimal),
        ("serial number", svid.serialNumber),
        ("trusts", identity.trustedNames.joined(separator: ", ")),
      ]
    } else {
      lines.append(("SPIFFE ID", "none"))
    }
    lines.append(("source", source.rawValue + (known.isConnected ? "" : ", not heard")))
    if let error = known.lastError { lines.append(("last error", error)) }
    let width = lines.map(\.name.count).max() ?? 0
    for (name, value) in lines {
      text.append("\(name)\(String(repeating: " ", count: width - name.count))  \(value)\n")
    }
  }

  // MARK: Who others are

  /// Whether a workload would be taken for whom its chain (PEM, the leaf first) says it is, or could
  /// be with the ID that the body names. `?role=server` asks about the other side of a connection.
  func verified(_ request: AdminRequest) -> AdminResponse {
    guard let state else { return Self.notConfigured }
    guard let bundles = state.now.usable(at: now)?.bundles else {
      return .failure(503, "IdentityUnavailable", "there is no identity, hence no trust bundle")
    }
    let role: PeerRole
    switch request.parameters?.first(where: { $0.name == "role" })?.value {
    case nil, "client": role = .client
    case "server": role = .server
    default: return .failure(400, "BadRequest", "role is client or server")
    }
    let text = String(decoding: request.body, as: UTF8.self)
    if text.contains("PRIVATE KEY") {
      return .failure(400, "BadRequest", "the body holds a private key: send certificates alone")
    }
    let verdict: Result<SPIFFEID, PeerError>
    let name = text.trimmed
    do throws(PeerError) {
      if name.isEmpty {
        return .failure(400, "BadRequest", "the body holds neither a PEM chain nor a SPIFFE ID")
      } else if name.contains("-----BEGIN") {
        verdict = .success(
          try PeerVerification.verify(chainPEM: request.body, bundles, role: role, at: now))
      } else {
        verdict = .success(try Self.known(name, bundles))
      }
    } catch {
      verdict = .failure(error)
    }
    return Self.answer(verdict)
  }

  /// An ID that a workload could prove.
  private static func known(
    _ text: String, _ bundles: TrustBundles
  ) throws(PeerError) -> SPIFFEID {
    let id: SPIFFEID
    do throws(SPIFFEIDError) {
      id = try SPIFFEID(text)
    } catch {
      throw .invalidID(error)
    }
    guard !id.path.isEmpty else { throw .noPath }
    guard bundles[id.trustDomain] != nil else { throw .unknownTrustDomain }
    return id
  }

  private static func answer(_ verdict: Result<SPIFFEID, PeerError>) -> AdminResponse {
    var writer = JSONWriter()
    writer.object { writer in
      switch verdict {
      case .success(let id):
        writer.boolean("valid", true)
        writer.string("spiffeId", "\(id)")
        writer.string("trustDomain", id.trustDomain.name)
      case .failure(let error):
        writer.boolean("valid", false)
        writer.string("reason", error.identifier)
        writer.string("message", error.sentence)
      }
    }
    var body = TextBuffer()
    body.append(writer.text.bytes)
    body.append("\n")
    return AdminResponse(status: 200, body: body)
  }
}

extension Identity {
  /// The trust domains whose workloads are trusted, sorted.
  fileprivate var trustedNames: [String] { bundles.trustDomains.map(\.name).sorted() }
}

extension PeerError {
  /// What programs know it by: the case's name, as in `no-uri-name`.
  var identifier: String {
    let name = Array("\(self)".prefix { $0 != "(" })
    var text = ""
    for (index, character) in name.enumerated() {
      let next = index + 1 < name.count ? name[index + 1] : "A"
      let before = index > 0 ? name[index - 1] : "A"
      if character.isUppercase, before.isLowercase || next.isLowercase { text += "-" }
      text += character.lowercased()
    }
    return text
  }
}

extension String {
  fileprivate var trimmed: String {
    let start = drop { $0.isWhitespace }
    return String(start.reversed().drop { $0.isWhitespace }.reversed())
  }
}
