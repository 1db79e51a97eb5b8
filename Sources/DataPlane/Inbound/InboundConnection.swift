import Addressing
import Policy
import TLS
import Wire

/// The life of one connection from outside up to its decision, as a pure state machine: events in,
/// an action out; no socket, no clock.
///
/// ```
/// accepted ─▶ destination ours? ─▶ first byte ─▶ handshake ─▶ peek ─▶ decide ─▶ connect ─▶ relay
///      └▶ deny       └▶ deny           │             └▶ deny    ├▶ exchange (HTTP: judged per request)
///                                      └─ plain text ───────────▶┘
/// ```
///
/// The peer is whoever the handshake of this very connection has shown, or nobody: what came in
/// plain text has no peer, whatever it says of itself. Inbound rules are always enforced; monitor
/// mode is about what leaves.
///
/// A connection that says nothing is never passed on, nor is one whose first bytes are not HTTP/1's: what
/// some server takes for a request is not to be told by its looks, and a request that wasn't read here
/// would go unjudged and could claim to come from any peer. Other protocols need their port declared as
/// opaque.
struct InboundConnection {
  /// What the policy says of a connection before anything of it is seen.
  struct Terms {
    var opening: InboundPolicy.Opening
    /// Nothing of what it carries is looked at.
    var isOpaque: Bool
  }

  enum Action: ~Copyable {
    /// Look at the first byte that comes, and leave it there; at most until the deadline.
    case sniff
    case handshake
    /// Wait for bytes in clear, at most until the deadline.
    case readMore
    /// Judge the connection as a whole: nothing of what it carries is looked at.
    case decide(OriginalDestination)
    case connect(Permit)
    /// The bytes are HTTP/1: from here on each request is judged by itself.
    case exchange
    case relay
    case deny(Denial)
  }

  enum State {
    case accepted
    case sniffing
    case handshaking
    case peeking
    case judging
    case connecting
    case relaying
    case exchanging
    case denied
  }

  /// What the first bytes in clear showed, as far as they did. Decides how a denial is told.
  enum Content { case unknown, http, http2, opaque }

  private(set) var state = State.accepted
  private(set) var content = Content.unknown
  private(set) var destination: OriginalDestination?
  /// Whose certificate was verified; nil for plain text.
  private(set) var peer: SPIFFEID?
  private var terms = Terms(opening: .tls, isOpaque: false)

  init() {}

  /// Begins.
  ///
  /// - Parameters:
  ///   - terms: nil where no policy is in force.
  ///   - refusal: set where it is refused whatever it wants.
  mutating func found(
    _ found: FoundDestination, terms: Terms?, refusal: DenyReason? = nil
  ) -> Action {
    destination = found.destination
    if let refusal { return deny(refusal) }
    switch found {
    case .unavailable, .proxy: return deny(.originalDestinationUnavailable)
    case .ourselves: return deny(.loopDetected)
    case .foreign: return deny(.forbiddenAddress)
    case .elsewhere: break
    }
    guard let terms else { return deny(.policyUnavailable) }
    self.terms = terms
    if case .plaintext = terms.opening { return speaksInClear() }
    state = .sniffing
    return .sniff
  }

  /// The connection can't be served at all.
  mutating func refused(_ reason: DenyReason) -> Action { deny(reason) }

  /// The first byte is there: no protocol but TLS begins with that of a handshake record.
  mutating func sniffed(_ byte: UInt8) -> Action {
    precondition(state == .sniffing, "a first byte after the first")
    guard byte == 0x16 else {
      // Of what is HTTP the denial can be told; of the rest nobody is admitted anyway.
      if case .tls = terms.opening, terms.isOpaque { return deny(.noPeerCertificate) }
      return speaksInClear()
    }
    state = .handshaking
    return .handshake
  }

  /// The handshake has shown who the peer is.
  mutating func verified(_ peer: SPIFFEID) -> Action {
    precondition(state == .handshaking, "a peer without a handshake")
    self.peer = peer
    return speaksInClear()
  }

  /// The handshake failed: whoever it was, nobody was verified.
  mutating func handshakeFailed(_ reason: DenyReason) -> Action { deny(reason) }

  /// - Parameter bytes: everything in clear so far.
  mutating func received(_ bytes: Span<UInt8>) -> Action {
    precondition(state == .peeking, "bytes came while none were wanted")
    switch FirstBytes.classify(bytes) {
    case .needMore: return .readMore
    case .http: return exchanges()
    case .http2:
      content = .http2
      return denyUnread()
    case .tls, .malformedTLS, .opaque:
      // The exchange tells what it is that can't be read.
      if FirstBytes.resemblesRequest(bytes) { return exchanges() }
      content = .opaque
      return denyUnread()
    }
  }

  /// The deadline passed, or the peer ended its direction, before there was enough.
  mutating func sawTooLittle() -> Action { deny(.peekTimeout) }

  mutating func judged(_ verdict: consuming Verdict) -> Action {
    switch consume verdict {
    case .allow(let permit, wouldDeny: _):
      state = .connecting
      return .connect(permit)
    case .deny(let denial):
      state = .denied
      return .deny(denial)
    }
  }

  mutating func connected() -> Action {
    state = .relaying
    return .relay
  }

  /// What follows is in clear, to us at least.
  private mutating func speaksInClear() -> Action {
    guard !terms.isOpaque else {
      content = .opaque
      return judge()
    }
    state = .peeking
    return .readMore
  }

  private mutating func exchanges() -> Action {
    content = .http
    state = .exchanging
    return .exchange
  }

  private mutating func judge() -> Action {
    guard let destination else { return deny(.originalDestinationUnavailable) }
    state = .judging
    return .decide(destination)
  }

  private mutating func denyUnread() -> Action {
    deny(peer == nil && terms.opening != .plaintext ? .noPeerCertificate : .opaqueProtocol)
  }

  private mutating func deny(_ reason: DenyReason) -> Action {
    state = .denied
    return .deny(Denial(reason))
  }
}
