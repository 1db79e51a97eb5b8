/// What one HTTP/1 request head says, as ranges of its bytes (RFC 9112). No heap memory.
package struct RequestHead: Sendable {
  package enum TargetForm: Sendable {
    /// `/path?query`
    case origin
    /// `http://host/path` or `https://host/path`
    case absolute
    /// `host:port`, of CONNECT only
    case authority
    /// `*`, of OPTIONS only
    case asterisk
  }

  /// How the body that follows is delimited (RFC 9112 §6.3).
  package enum Framing: Sendable, Equatable {
    case none
    /// Bytes; may be zero.
    case length(UInt64)
    case chunked
  }

  /// Bytes of the head, the empty line included.
  package var length = 0
  /// Offset of the empty line's CRLF: where added field lines go.
  package var fieldsEnd = 0
  package var method = ByteRange.empty
  package var target = ByteRange.empty
  package var targetForm = TargetForm.origin
  /// The target is absolute-form with the scheme `https`.
  package var targetIsHTTPS = false
  /// The target without scheme, authority and query; for `authority` and `asterisk` the target
  /// itself. Empty for an absolute target that ends with its authority.
  package var path = ByteRange.empty
  package var version = HTTPVersion.http11
  /// The host asked for, as written: from the absolute or authority target, else from Host. No
  /// port, no brackets; empty where HTTP/1.0 gave none. Its characters are those of RFC 3986's
  /// host, not yet those of a DNS name.
  package var host = ByteRange.empty
  /// The host was written `[…]`: an IPv6 (or future) literal.
  package var hostIsBracketed = false
  /// There is a Host field.
  package var hasHost = false
  /// The port written beside the host, 1–65535.
  package var port: UInt16?
  package var framing = Framing.none
  /// The client lets the connection be used again (RFC 9112 §9.3).
  package var keepAlive = true
  /// `Expect: 100-continue`, alone or among others (RFC 9110 §10.1.1).
  package var expectsContinue = false
  /// The client asked for a switch of protocols that is forwarded; one to HTTP/2 is cut instead.
  package var isUpgrade = false
  /// Field lines called `traceparent`; anything but one means a new trace.
  package var traceparentCount = 0
  /// Field lines called `tracestate`.
  package var tracestateCount = 0
  /// Connection declares `x-forwarded-client-cert` to be hop-by-hop: the next server would drop what
  /// it is told there.
  package var dropsForwardedClientCertificate = false
  /// What must not be forwarded as it is, in ascending order.
  package var cuts = HeadCuts()

  init() {}
}

/// Stretches of a request head that are left out when it is forwarded, ascending and disjoint.
package struct HeadCuts: Sendable {
  package enum Reason: UInt8, Sendable {
    /// A field under `x-portarium-`: what the workload claims about itself is never believed.
    case reserved
    /// A switch to HTTP/2 in clear text, after which requests could not be judged.
    case upgrade
    /// Meant for a proxy, and for no server: cut by the proxy that was meant, kept otherwise.
    case proxy
    /// `x-forwarded-client-cert`: cut where we tell a server who its peer is, kept otherwise.
    case forwardedClientCertificate
    /// Replaced when trace context is injected, kept otherwise.
    case traceparent
    /// Replaced when trace context is injected, kept otherwise.
    case tracestate
  }

  package struct Cut: Sendable {
    /// Whole lines with their CRLF; for `upgrade` also a part of a Connection field's value.
    package var range: ByteRange
    package var reason: Reason
  }

  /// A head that needs more cuts is refused.
  package static let capacity = 32

  private var storage = InlineArray<32, Cut>(repeating: Cut(range: .empty, reason: .reserved))
  package private(set) var count = 0

  package subscript(_ index: Int) -> Cut {
    precondition(index < count)
    return storage[index]
  }

  /// False where there is no room left.
  mutating func append(_ range: ByteRange, _ reason: Reason) -> Bool {
    guard count < Self.capacity else { return false }
    storage[count] = Cut(range: range, reason: reason)
    count += 1
    return true
  }

  mutating func removeAll() { count = 0 }
}
