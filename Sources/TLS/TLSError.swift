package import Kernel

/// Why there is no TLS with a peer, or none any more.
package enum TLSError: Error, Hashable, Sendable {
  /// The peer's certificate was not accepted; the alert that says so has been sent.
  case peer(PeerError)
  /// The peer has ended the connection with a fatal alert; nil for a number that no RFC has.
  case alert(TLSAlert?)
  /// The peer has spoken HTTP where TLS was due.
  case plainHTTP
  /// What arrived is no TLS record.
  case notTLS
  /// Versions before 1.2, or none in common.
  case version
  /// No cipher suite, group or signature algorithm in common.
  case noCommonParameters
  /// A message that can't be read, or not at this point.
  case malformed
  /// A record that doesn't decrypt.
  case badRecord
  /// A record, message or chain of certificates beyond its limit.
  case tooLarge
  /// TLS 1.2's renegotiation, which is not offered.
  case renegotiation
  /// Messages without data, one after the other: a peer that wants us busy.
  case flooded
  /// The connection ended without close_notify, during the handshake.
  case truncated
  /// The connection failed below TLS.
  case system(Errno)
  /// A method was called on a session that has failed or was shut down: a bug of the caller.
  case unusable
  /// Whatever else OpenSSL says, in its words, which never quote what was read.
  case library(reason: String)

  /// Why, as a sentence without a full stop.
  package var sentence: String {
    switch self {
    case .peer(let error): error.sentence
    case .alert(let alert): "the peer refused with the alert \(alert?.name ?? "of no known kind")"
    case .plainHTTP: "the peer speaks HTTP without TLS"
    case .notTLS: "the peer doesn't speak TLS"
    case .version: "the peer speaks no TLS version from 1.2 on"
    case .noCommonParameters: "the peer offers no cipher suite, group or signature of ours"
    case .malformed: "the peer has sent a TLS message that is malformed or out of place"
    case .badRecord: "a TLS record doesn't decrypt"
    case .tooLarge: "the peer has sent a TLS message that is too large"
    case .renegotiation: "the peer wants to renegotiate"
    case .flooded: "the peer sends messages without data, one after the other"
    case .truncated: "the connection ended during the TLS handshake"
    case .system(let error): "the connection failed: \(error)"
    case .unusable: "the TLS session is over"
    case .library(let reason): "OpenSSL failed: \(reason)"
    }
  }
}
