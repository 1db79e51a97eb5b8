internal import Addressing
internal import Policy
internal import Telemetry

/// The flow that a record is about, as far as the record tells.
struct RecordedFlow {
  enum Target {
    case destination(OriginalDestination)
    /// A name that the explicit proxy was asked for and never resolved.
    case unresolved(port: UInt16)
  }

  let target: Target
  let name: HostName?
  let content: Flow.Content
  /// What stands between the flow and the connection: a tunnel that CONNECT opened to this name or,
  /// where it is nil, to an address. Nil where there was none.
  let tunnel: HostName??
  let source: IPAddress?

  var port: UInt16 {
    switch target {
    case .destination(let destination): destination.endpoint.port
    case .unresolved(let port): port
    }
  }
}

/// Why a record can't be judged once more: the decision was about something that isn't recorded, or
/// no rule had a say in it.
enum NotReplayable: Error, Hashable {
  /// Refused for a reason that has nothing to do with the rules, or with how often.
  case reason(DenyReason)
  /// One that this program doesn't know: at most the first 64 characters of it.
  case unknownReason(String)
  case inbound
  case unknownProtocol
  case noDestination
  case noHostName
  /// Ended before it could be told what it was.
  case cutShort

  var label: String {
    switch self {
    case .reason(let reason): reason.rawValue
    case .unknownReason(let text): text.printable
    case .inbound: "inbound"
    case .unknownProtocol: "unknown-protocol"
    case .noDestination: "no-destination"
    case .noHostName: "no-host-name"
    case .cutShort: "cut-short"
    }
  }
}

extension RecordedFlow {
  init(
    _ entry: AuditEntry, _ reader: borrowing AuditReader
  ) throws(NotReplayable) {
    if entry.direction == .inbound { throw .inbound }
    guard let recorded = entry.applicationProtocol else { throw .unknownProtocol }
    if entry.decision == .deny {
      guard let reason = entry.reason else {
        throw .unknownReason(String(reader.text(entry.reasonText).prefix(64)))
      }
      guard reason.dependsOnRules || reason == .encryptedClientHello else {
        throw .reason(reason)
      }
    }
    source = entry.sourceAddress

    let method = HTTPMethod(reader.bytes(of: entry.method))
    let isConnect = method?.isConnect == true
    let host = try Self.name(in: reader.bytes(of: entry.host))
    guard let port = entry.destinationPort, port > 0 else { throw .noDestination }
    if let address = entry.destinationAddress {
      target = .destination(OriginalDestination(Endpoint(address: address, port: port)))
    } else if host != nil, method != nil {
      target = .unresolved(port: port)
    } else {
      throw .noDestination
    }

    let isSilent = entry.reason == .peekTimeout
    switch recorded {
    case .http:
      guard let method else { throw isSilent ? .reason(.peekTimeout) : .noDestination }
      name = host
      tunnel = nil
      // A captured CONNECT is refused for its method; one made to the proxy never is.
      content = isConnect && entry.reason != .methodNotAllowed ? .tunnel : .http(method: method)
    case .tls:
      if isSilent { throw .reason(.peekTimeout) }
      name = entry.reason == .noServerName ? nil : host
      tunnel = isConnect ? .some(host) : nil
      content = .tls(encryptedClientHello: entry.reason == .encryptedClientHello)
    case .tcp:
      if isSilent, entry.outcome != .denied, entry.enforced { throw .cutShort }
      // Over a tunnel its name speaks for bytes that name no host, but not for silence or HTTP/2.
      let isUnnamed = isSilent || entry.reason == .opaqueProtocol
      name = isConnect && !isUnnamed ? host : nil
      tunnel = isConnect ? .some(host) : nil
      content = isSilent ? .silent : .opaque
    }
  }

  /// Nil for none, and for an address.
  private static func name(in bytes: Span<UInt8>) throws(NotReplayable) -> HostName? {
    if bytes.isEmpty { return nil }
    do {
      let name = try HostName(flowBytes: bytes)
      return name.endsInNumber ? nil : name
    } catch {
      guard IPv6Address(ascii: bytes) != nil else { throw .noHostName }
      return nil
    }
  }
}

extension Flow.Content {
  /// Whether it is a captured CONNECT.
  var isConnect: Bool {
    if case .http(let method) = self { method.isConnect } else { false }
  }
}

extension AuditReader {
  /// A text of the last record, as a string.
  borrowing func text(_ text: AuditText) -> String {
    let bytes = bytes(of: text)
    return String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  }
}
