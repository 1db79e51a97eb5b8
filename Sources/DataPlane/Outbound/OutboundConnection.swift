import Addressing
import Policy
import Wire

/// The life of one redirected connection up to its decision, as a pure state machine: events in,
/// an action out; no socket, no clock.
///
/// ```
/// accepted ─▶ destination known? ─▶ decide without peeking ─▶ peek ─▶ look up ─▶ decide ─▶ connect ─▶ relay
///      └▶ deny        └▶ deny              └▶ connect           ├▶ exchange (HTTP: judged per request)
///                                                               └▶ deny
/// ```
///
/// A connection that was made to the proxy itself is no different from where its CONNECT was
/// answered on: the tunnel is peeked at and judged like a connection that was captured on its way to
/// the address it was opened to, whose upstream is open already.
///
/// Every path that doesn't end in a `Permit` ends in `deny`.
struct OutboundConnection {
  enum Action: ~Copyable {
    /// Wait for more of the workload's bytes, at most until the peek's deadline.
    case readMore
    /// Ask the policy whether this destination may be judged unseen.
    case decideWithoutPeeking(OriginalDestination)
    /// Find out what must be known about the flow before it is judged, then call `lookedUp`.
    case lookUp(Flow)
    case decide(Flow)
    case connect(Permit)
    /// The bytes are HTTP/1: from here on each request is judged by itself.
    case exchange
    case relay
    /// Relay over the upstream that the tunnel was opened to.
    case relayOverTunnel(Permit)
    case deny(Denial)
  }

  enum State {
    case accepted
    case peeking
    case judging
    case connecting
    case relaying
    case exchanging
    /// The answer to a CONNECT is on its way to the workload.
    case opening
    case denied
  }

  /// What the first bytes showed, as far as they did. Decides how a denial is told.
  enum Content { case unknown, tls, http, http2, opaque }

  /// As what the bytes were judged, so that they can be judged again.
  enum Judged {
    /// Not at all, or request by request.
    case nothing
    /// By the destination alone, before any byte was read.
    case unseen
    case tls, tlsWithEncryptedHello
    case opaque, silent
    /// Opaque or silent, by the name that their tunnel was opened to.
    case opaqueByTunnel, silentByTunnel
  }

  private(set) var state = State.accepted
  private(set) var content = Content.unknown
  private(set) var judgedAs = Judged.nothing
  private(set) var destination: OriginalDestination?
  /// True from the answer to a CONNECT on.
  private(set) var isTunnel = false
  /// Where a hello that is not complete yet was left off.
  private var hello: Unfinished<ClientHelloReader>?

  init() {}

  /// Begins.
  ///
  /// - Parameter refusal: set where it is refused whatever it wants.
  mutating func found(_ found: FoundDestination, refusal: DenyReason? = nil) -> Action {
    destination = found.destination
    if let refusal { return deny(Denial(refusal)) }
    switch found {
    case .unavailable: return deny(Denial(.originalDestinationUnavailable))
    case .ourselves: return deny(Denial(.loopDetected))
    case .foreign: return deny(Denial(.forbiddenAddress))
    case .elsewhere(let destination): return .decideWithoutPeeking(destination)
    case .proxy:
      // Only a request says where it is to go.
      state = .peeking
      return .readMore
    }
  }

  /// A request to the proxy itself is for `destination`; nil where that is not known (any more).
  mutating func leads(to destination: OriginalDestination?) { self.destination = destination }

  /// The CONNECT that was the last request is being answered, and its upstream is open.
  mutating func opensTunnel() {
    precondition(state == .exchanging, "a tunnel without a request")
    isTunnel = true
    content = .unknown
    state = .opening
  }

  /// The workload has the answer: what comes now is peeked at. For an address a rule may need no
  /// byte of it, as of a captured connection.
  mutating func opened(_ tunnel: Tunnel) -> Action {
    guard let destination else { return deny(Denial(.originalDestinationUnavailable)) }
    guard tunnel.name != nil else { return .decideWithoutPeeking(destination) }
    state = .peeking
    return .readMore
  }

  /// The connection can't be served at all.
  mutating func refused(_ reason: DenyReason) -> Action { deny(Denial(reason)) }

  /// - Parameter verdict: nil where bytes must be seen first.
  mutating func judgedWithoutPeeking(_ verdict: consuming Verdict?) -> Action {
    guard let verdict else {
      state = .peeking
      return .readMore
    }
    content = .opaque
    judgedAs = .unseen
    return judged(verdict)
  }

  /// - Parameters:
  ///   - bytes: everything received so far.
  ///   - helloLimit: bytes of handshake that are waited for.
  ///   - tunnel: what the bytes came through; nil where the connection itself was captured.
  mutating func received(
    _ bytes: Span<UInt8>, helloLimit: Int, through tunnel: Tunnel? = nil
  ) -> Action {
    precondition(state == .peeking, "bytes came while none were wanted")
    if content == .unknown {
      switch FirstBytes.classify(bytes) {
      case .needMore: return .readMore
      case .tls:
        content = .tls
        if destination == nil { return deny(Denial(.originalDestinationUnavailable)) }
      case .malformedTLS:
        content = .tls
        return deny(
          Denial(destination == nil ? .originalDestinationUnavailable : .malformedClientHello))
      case .http:
        content = .http
        state = .exchanging
        return .exchange
      case .http2:
        // Its requests can't be read yet: whoever may say anything there may say this too. A tunnel's
        // name is none of theirs, though: each may be for another host.
        content = .http2
        return lookUp(name: nil, .opaque)
      case .opaque:
        if tunnel != nil, FirstBytes.resemblesRequest(bytes) {
          // By the tunnel's name it would go unjudged, and could be for any host at that server: the
          // exchange refuses what it can't read.
          content = .http
          state = .exchanging
          return .exchange
        }
        content = .opaque
        return lookUp(name: tunnel?.name, .opaque)
      }
    }
    return readHello(bytes, limit: helloLimit, tunnel)
  }

  /// The peek's deadline passed, or the workload ended its direction, before there was enough.
  ///
  /// - Parameters:
  ///   - ended: true where the workload ended its direction, false where time passed.
  ///   - serverSpoke: the tunnel's server has said something, and the workload nothing at all. Only
  ///     then is its name enough: a server of TLS or HTTP waits, and what the workload said to it later
  ///     could be for any host.
  mutating func sawTooLittle(
    ended: Bool, through tunnel: Tunnel? = nil, serverSpoke: Bool = false
  ) -> Action {
    if content == .tls { return deny(Denial(ended ? .malformedClientHello : .peekTimeout)) }
    content = .opaque
    return lookUp(name: serverSpoke ? tunnel?.name : nil, .silent)
  }

  /// The facts about the flow are known (none are needed yet).
  mutating func lookedUp(_ flow: Flow) -> Action { .decide(flow) }

  mutating func judged(_ verdict: consuming Verdict) -> Action {
    switch consume verdict {
    case .allow(let permit, wouldDeny: _):
      if isTunnel {
        state = .relaying
        return .relayOverTunnel(permit)
      }
      state = .connecting
      return .connect(permit)
    case .deny(let denial):
      return deny(denial)
    }
  }

  mutating func connected() -> Action {
    state = .relaying
    return .relay
  }

  private mutating func readHello(
    _ bytes: Span<UInt8>, limit: Int, _ tunnel: Tunnel?
  ) -> Action {
    var reader = hello?.reader ?? ClientHelloReader(limit: limit)
    let outcome = reader.advance(bytes)
    switch outcome {
    case .needMore:
      if let hello { hello.reader = reader } else { hello = Unfinished(reader) }
      return .readMore
    case .malformed:
      return deny(Denial(.malformedClientHello))
    case .noName(let clientHello):
      return lookUp(
        name: nil, .tls(encryptedClientHello: clientHello.offersEncryptedClientHello))
    case .found(let clientHello):
      let content = Flow.Content.tls(
        encryptedClientHello: clientHello.offersEncryptedClientHello)
      do {
        let name = try HostName(flowBytes: clientHello.serverNameBytes)
        // RFC 6066 §3 allows no address there; a server that gets one serves its default, as it
        // does without a name.
        guard !name.endsInNumber else { return lookUp(name: nil, content) }
        if let tunnel, !tunnel.admits(name) { return deny(Denial(.destinationMismatch)) }
        return lookUp(name: name, content)
      } catch {
        return deny(Denial(.malformedClientHello))
      }
    }
  }

  private mutating func lookUp(name: HostName?, _ content: Flow.Content) -> Action {
    guard let destination else { return deny(Denial(.originalDestinationUnavailable)) }
    state = .judging
    judgedAs = Judged(content, byTunnel: name != nil)
    hello = nil
    return .lookUp(Flow(destination: destination, name: name, content: content))
  }

  private mutating func deny(_ denial: Denial) -> Action {
    state = .denied
    hello = nil
    return .deny(denial)
  }
}

extension OutboundConnection.Judged {
  fileprivate init(_ content: Flow.Content, byTunnel: Bool) {
    self =
      switch content {
      case .tls(let isEncrypted): isEncrypted ? .tlsWithEncryptedHello : .tls
      case .opaque: byTunnel ? .opaqueByTunnel : .opaque
      case .silent: byTunnel ? .silentByTunnel : .silent
      // Judged request by request, or as what it carries.
      case .http, .tunnel: .nothing
      }
  }

  /// What is judged again; nil where nothing was.
  var content: Flow.Content? {
    switch self {
    case .nothing: nil
    case .tls: .tls(encryptedClientHello: false)
    case .tlsWithEncryptedHello: .tls(encryptedClientHello: true)
    case .unseen, .opaque, .opaqueByTunnel: .opaque
    case .silent, .silentByTunnel: .silent
    }
  }
}

/// What a CONNECT asked for. On the heap: captured connections have none, and a name is larger than
/// the rest of a connection.
final class Tunnel {
  /// Nil where it was opened to an address.
  let name: HostName?
  /// The name that the TLS in it asked for, which its record has no place for.
  var serverName: HostName?

  init(name: HostName?) { self.name = name }

  /// Whether what the tunnel carries may be for this name. The address was found by the tunnel's
  /// own: it may be anyone else's server, too.
  func admits(_ name: HostName?) -> Bool { self.name == nil || self.name == name }
}

/// A parser that waits for more bytes. On the heap, since most connections never need one and a
/// parser's state is larger than the rest of a connection.
final class Unfinished<Reader> {
  var reader: Reader

  init(_ reader: Reader) { self.reader = reader }
}
