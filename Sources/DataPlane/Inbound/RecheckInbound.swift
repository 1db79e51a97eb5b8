import Addressing
import Kernel
import Policy
import Wire

// What is under way from outside, judged once more by the policy that has just taken effect. What is
// not judged yet, or between two requests, is judged by it anyway.
extension Worker {
  /// Why it would be refused; nil where it may go on.
  func denial(of inbound: InboundSession, _ connection: borrowing Connection) -> Denial? {
    guard let inboundPolicy, let destination = inbound.machine.destination else {
      return Denial(.policyUnavailable)
    }
    switch inbound.machine.state {
    case .connecting, .relaying:
      return inboundPolicy.denial(of: inbound.machine.peer, to: destination, method: nil)
    case .exchanging:
      // By its path, which for want of a query may be another's, a probe is not judged again: it is
      // over in a moment.
      if inbound.machine.peer == nil, !connection.record.method.isEmpty,
        inboundPolicy.hasProbes(at: destination)
      {
        return nil
      }
      return inboundPolicy.denial(
        of: inbound.machine.peer, to: destination, method: HTTPMethod(connection.record.method))
    case .accepted, .sniffing, .handshaking, .peeking, .judging, .denied:
      return nil
    }
  }

  /// Whether the policy in force still lets pass what has left already.
  func mayGoAgain(
    _ head: RequestHead, _ message: Span<UInt8>, of inbound: InboundSession
  ) -> Bool {
    guard let inboundPolicy, let destination = inbound.machine.destination,
      let method = HTTPMethod(message[head.method])
    else { return false }
    return
      switch inboundPolicy.verdict(
        on: method, head, message, of: inbound.machine.peer, to: destination)
    {
    case .allow: true
    case .deny: false
    }
  }
}

extension InboundPolicy {
  fileprivate func denial(
    of peer: SPIFFEID?, to destination: OriginalDestination, method: HTTPMethod?
  ) -> Denial? {
    switch decide(peer: peer, destination: destination, method: method) {
    case .allow: nil
    case .deny(let denial): denial
    }
  }

  fileprivate func hasProbes(at destination: OriginalDestination) -> Bool {
    switch opening(of: destination) {
    case .either: mode == .strict
    case .tls, .plaintext: false
    }
  }
}
