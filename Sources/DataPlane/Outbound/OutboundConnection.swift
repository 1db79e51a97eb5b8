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
    case deny(Denial)
  }

  enum State {
    case accepted
    case peeking
    case judging
    case connecting
    case relaying
    case exchanging
    case denied
  }

  /// What the first bytes showed, as far as they did. Decides how a denial is told.
  enum Content { case unknown, tls, http, http2, opaque }

  private(set) var state = State.accepted
  private(set) var content = Content.unknown
  private(set) var destination: OriginalDestination?
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
    case .elsewhere(let destination): return .decideWithoutPeeking(destination)
    }
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
    return judged(verdict)
  }

  /// - Parameters:
  ///   - bytes: everything received so far.
  ///   - helloLimit: bytes of handshake that are waited for.
  mutating func received(_ bytes: Span<UInt8>, helloLimit: Int) -> Action {
    precondition(state == .peeking, "bytes came while none were wanted")
    if content == .unknown {
      switch FirstBytes.classify(bytes) {
      case .needMore: return .readMore
      case .tls: content = .tls
      case .malformedTLS:
        content = .tls
        return deny(Denial(.malformedClientHello))
      case .http:
        content = .http
        state = .exchanging
        return .exchange
      case .http2:
        // Its requests can't be read yet: whoever may say anything there may say this too.
        content = .http2
        return lookUp(name: nil, .opaque)
      case .opaque:
        content = .opaque
        return lookUp(name: nil, .opaque)
      }
    }
    return readHello(bytes, limit: helloLimit)
  }

  /// The peek's deadline passed, or the workload ended its direction, before there was enough.
  ///
  /// - Parameter ended: true where the workload ended its direction, false where time passed.
  mutating func sawTooLittle(ended: Bool) -> Action {
    if content == .tls { return deny(Denial(ended ? .malformedClientHello : .peekTimeout)) }
    content = .opaque
    return lookUp(name: nil, .silent)
  }

  /// The facts about the flow are known (none are needed yet).
  mutating func lookedUp(_ flow: Flow) -> Action { .decide(flow) }

  mutating func judged(_ verdict: consuming Verdict) -> Action {
    switch consume verdict {
    case .allow(let permit, wouldDeny: _):
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

  private mutating func readHello(_ bytes: Span<UInt8>, limit: Int) -> Action {
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
        return lookUp(name: name.endsInNumber ? nil : name, content)
      } catch {
        return deny(Denial(.malformedClientHello))
      }
    }
  }

  private mutating func lookUp(name: HostName?, _ content: Flow.Content) -> Action {
    guard let destination else { return deny(Denial(.originalDestinationUnavailable)) }
    state = .judging
    hello = nil
    return .lookUp(Flow(destination: destination, name: name, content: content))
  }

  private mutating func deny(_ denial: Denial) -> Action {
    state = .denied
    hello = nil
    return .deny(denial)
  }
}

/// A parser that waits for more bytes. On the heap, since most connections never need one and a
/// parser's state is larger than the rest of a connection.
final class Unfinished<Reader> {
  var reader: Reader

  init(_ reader: Reader) { self.reader = reader }
}
