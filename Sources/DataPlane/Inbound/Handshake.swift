import Addressing
import Kernel
import Policy
import TLS
import Telemetry

// The first byte, and the handshake that it may begin.
extension Worker {
  /// Carries out what the state machine of a connection from outside asks for.
  mutating func perform(
    _ action: consuming InboundConnection.Action, of inbound: InboundSession,
    on connection: inout Connection
  ) {
    switch consume action {
    case .sniff:
      sniff(inbound, &connection)
    case .handshake:
      beginHandshake(inbound, &connection)
    case .readMore:
      beginPeek(inbound, &connection)
    case .decide(let destination):
      authorise(destination, inbound, &connection)
    case .connect(let permit):
      connect(permit, &connection)
    case .exchange:
      connection.record.applicationProtocol = .http
      connection.exchange.begin()
      arm(&connection, deadline: now + settings.limits.requestHead)
      exchange(&connection)
    case .relay:
      startRelay(&connection)
    case .deny(let denial):
      deny(denial, inbound, &connection)
    }
  }

  /// Goes on with whatever a connection waits for before it is relayed.
  mutating func advance(_ inbound: InboundSession, _ connection: inout Connection) {
    switch inbound.machine.state {
    case .sniffing: sniff(inbound, &connection)
    case .handshaking: handshake(inbound, &connection)
    case .peeking: peekInbound(inbound, &connection)
    case .relaying, .exchanging:
      if !connection.isConnecting, connection.upstream.isOpen { relay(&connection) }
    case .accepted, .judging, .connecting, .denied: break
    }
  }

  private mutating func sniff(_ inbound: InboundSession, _ connection: inout Connection) {
    guard connection.client.isReadable else { return }
    var byte: UInt8 = 0
    switch connection.client.peek(into: &byte) {
    case .bytes: perform(inbound.machine.sniffed(byte), of: inbound, on: &connection)
    case .wouldBlock: break
    case .endOfStream: leave(inbound, &connection)
    case .failed: leave(inbound, &connection)
    }
  }

  /// What is presented is the identity of this moment, and only while it is valid.
  private mutating func beginHandshake(
    _ inbound: InboundSession, _ connection: inout Connection
  ) {
    guard let identity, identity.svid.notBefore <= wallClock, wallClock < identity.svid.notAfter
    else {
      return perform(
        inbound.machine.refused(.identityUnavailable), of: inbound, on: &connection)
    }
    do throws(TLSError) {
      connection.client.begin(
        try Self.session(
          identity.inbound, on: connection.client.descriptor, inbound, inboundPolicy))
    } catch {
      inbound.failure = error
      return perform(inbound.machine.refused(.internalError), of: inbound, on: &connection)
    }
    inbound.begins(presenting: identity.svid)
    connection.record.applicationProtocol = .tls
    handshake(inbound, &connection)
  }

  /// On a port that is relayed unseen there is no other way to tell a denial than the handshake's
  /// own alert, so who is to be admitted is asked within it. On others the peer is told in its own
  /// language, once that is known.
  private static func session(
    _ context: TLSContext, on socket: borrowing Descriptor, _ inbound: InboundSession,
    _ policy: InboundPolicy?
  ) throws(TLSError) -> TLSSession {
    guard let policy, let destination = inbound.machine.destination,
      policy.isOpaque(destination)
    else { return try TLSSession(context, accepting: socket) }
    return try TLSSession(context, accepting: socket) { peer in
      policy.denialOfEverything(peer: peer, destination: destination) == nil
    }
  }

  private mutating func handshake(_ inbound: InboundSession, _ connection: inout Connection) {
    switch connection.client.handshake() {
    case .wantsRead, .wantsWrite:
      break
    case .done:
      guard let tls = connection.client.tls, let identity = tls.peer,
        let peer = inbound.verified(identity)
      else {
        return perform(
          inbound.machine.handshakeFailed(.internalError), of: inbound, on: &connection)
      }
      noteProven(inbound)
      counters.handshakes.add(1)
      connection.record.applicationProtocol = .tcp
      perform(inbound.machine.verified(peer), of: inbound, on: &connection)
    case .failed(let error):
      inbound.failure = error
      counters.handshakesFailed.add(1)
      perform(
        inbound.machine.handshakeFailed(error.denyReason), of: inbound, on: &connection)
    }
  }

  /// The peer left, or its socket failed, before it was known.
  mutating func leave(_ inbound: InboundSession, _ connection: inout Connection) {
    connection.record.noteDenied(.peekTimeout, enforced: true, mode: .enforce)
    close(&connection, outcome: .clientGone)
  }
}

extension TLSError {
  /// What a failed handshake means for the peer: nobody was verified, or one that no rule is for.
  fileprivate var denyReason: DenyReason {
    switch self {
    case .peer(.notAdmitted): .peerNotAllowed
    case .unusable, .library: .internalError
    case .peer, .alert, .plainHTTP, .notTLS, .version, .noCommonParameters, .malformed, .badRecord,
      .tooLarge, .renegotiation, .flooded, .truncated, .system:
      .noPeerCertificate
    }
  }

  /// The peer has gone, so that nothing need be told to it.
  var meansPeerHasLeft: Bool {
    switch self {
    case .truncated, .system, .alert: true
    default: false
    }
  }
}
