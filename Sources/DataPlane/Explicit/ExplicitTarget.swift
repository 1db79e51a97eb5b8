import Addressing
import Policy
import Wire

/// Whom a request to the proxy itself is for: what an original destination is to a captured one.
struct ExplicitTarget: Equatable {
  enum Host: Equatable {
    case name(HostName)
    case address(IPAddress)
  }

  var host: Host
  /// 1–65535.
  var port: UInt16

  init(host: Host, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Nil for an address.
  var name: HostName? {
    if case .name(let name) = host { name } else { nil }
  }
}

extension ExplicitTarget {
  /// The target of CONNECT (RFC 9112 §3.2.3) or of an absolute-form request (§3.2.2).
  ///
  /// - Parameter bytes: begin with the head.
  init(_ head: RequestHead, in bytes: Span<UInt8>) throws(RequestRefusal) {
    switch head.targetForm {
    case .authority: break
    case .absolute where head.targetIsHTTPS: throw .httpsInTheClear
    case .absolute: break
    case .origin, .asterisk: throw .namesNoTarget
    }
    host = try Self.host(head, in: bytes)
    // CONNECT has a port or is malformed.
    port = head.port ?? 80
  }

  /// What some resolver would take for an address must be one in the usual form, so that no address
  /// is looked up as a name.
  private static func host(
    _ head: RequestHead, in bytes: Span<UInt8>
  ) throws(RequestRefusal) -> Host {
    let written = bytes[head.host]
    if head.hostIsBracketed {
      guard let address = IPv6Address(text(written)) else { throw RequestRefusal(.badHost) }
      return .address(IPAddress.v6(address).canonical)
    }
    guard let name = try? HostName(flowBytes: written) else { throw RequestRefusal(.badHost) }
    guard name.endsInNumber else { return .name(name) }
    guard let address = IPv4Address(text(written)) else { throw RequestRefusal(.badHost) }
    return .address(.v4(address))
  }

  private static func text(_ bytes: Span<UInt8>) -> String {
    String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  }
}

extension RequestRefusal {
  fileprivate static let httpsInTheClear = RequestRefusal(
    status: 400, reason: .malformedRequest,
    sentence: "An https URL can't be asked for in the clear: open a tunnel with CONNECT.")
  fileprivate static let namesNoTarget = RequestRefusal(
    status: 400, reason: .malformedRequest,
    sentence: "The request was made to the proxy itself and names no host: send CONNECT or an "
      + "http URL.")
}
