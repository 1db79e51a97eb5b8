import Addressing
import Policy
import TLS

/// What a connection from outside is beside its sockets, and how far it has come. On the heap, since
/// connections that leave have none; touched by the worker's thread alone.
final class InboundSession {
  var machine = InboundConnection()
  /// What we presented in the handshake; nil in plain text. A rotation changes nothing here.
  private(set) var presented: X509SVID?
  /// What the handshake has shown of the peer; nil in plain text.
  private(set) var peer: PeerIdentity?
  /// Why TLS with the peer failed, for the record.
  var failure: TLSError?
  /// Its handshake, or its first byte, is awaited: counted among those that nobody has vouched for.
  var isUnproven = true

  func begins(presenting svid: X509SVID) { presented = svid }

  /// Nil where the peer showed no SPIFFE ID, which no inbound handshake lets pass.
  func verified(_ peer: PeerIdentity) -> SPIFFEID? {
    self.peer = peer
    return peer.id
  }
}

/// Which way a connection goes, with what only that way needs.
enum Role {
  /// Captured on its way out of the workload.
  case captured
  /// Made to the proxy itself.
  case explicit(ExplicitProxy)
  /// From outside, on its way to the workload.
  case inbound(InboundSession)
}
