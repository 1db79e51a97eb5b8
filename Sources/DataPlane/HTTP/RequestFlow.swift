import Addressing
import Policy
import Wire

/// Why a request can't be judged, and how that is answered.
struct RequestRefusal: Error {
  var status: UInt16
  var reason: DenyReason
  /// Says more than the status's own sentence, where there is more to say.
  var sentence: String?

  init(_ error: RequestError) {
    status = error.status
    reason = error.isAmbiguousHost ? .ambiguousHost : .malformedRequest
  }

  init(status: UInt16, reason: DenyReason, sentence: String? = nil) {
    self.status = status
    self.reason = reason
    self.sentence = sentence
  }
}

extension Flow {
  /// The flow that one HTTP request is.
  ///
  /// - Parameters:
  ///   - bytes: begin with the head.
  ///   - destination: the connection's; a request that names another port is for someone else.
  init(
    request head: RequestHead, in bytes: Span<UInt8>, destination: OriginalDestination
  ) throws(RequestRefusal) {
    guard let method = HTTPMethod(bytes[head.method]) else {
      throw RequestRefusal(.methodTooLong)
    }
    if let port = head.port, port != destination.endpoint.port {
      throw RequestRefusal(.badPort)
    }
    // What goes over this connection is plain; a target that says https is another server's.
    if head.targetIsHTTPS { throw RequestRefusal(.hostDiffersFromTarget) }
    var name: HostName?
    if !head.host.isEmpty, !head.hostIsBracketed {
      do {
        let host = try HostName(flowBytes: bytes[head.host])
        if !host.endsInNumber { name = host }
      } catch {
        throw RequestRefusal(.badHost)
      }
    }
    self.init(destination: destination, name: name, content: .http(method: method))
  }
}
