import Kernel
import TLS

/// One end of a connection's two: a socket, the TLS on it where there is any, and what epoll last
/// said of it. Bytes go in and out in clear; what lies beneath is nobody else's concern.
///
/// Edge-triggered: a flag is cleared only when a call said "would block", or when a read took less
/// than there was room for, the peer had not hung up and no urgent data stood in the way. With TLS
/// only OpenSSL's wish to read clears `isReadable`: it may hold bytes of which no edge tells.
///
/// Fields stand by size, since every connection has two.
struct Side: ~Copyable {
  /// Nil where bytes go as they are. Lives no longer than the descriptor is open.
  private(set) var tls: TLSSession?
  private(set) var descriptor: Descriptor
  private var state: State = []

  private struct State: OptionSet {
    let rawValue: UInt8

    static let readable = State(rawValue: 1)
    static let writable = State(rawValue: 1 << 1)
    static let hungUp = State(rawValue: 1 << 2)
    static let broken = State(rawValue: 1 << 3)
    static let urgent = State(rawValue: 1 << 4)
    /// It is given up: closing resets it, and TLS says no goodbye.
    static let abandoned = State(rawValue: 1 << 5)
    /// Our direction is to end, and close_notify has not left yet.
    static let owesEnd = State(rawValue: 1 << 6)
  }

  init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

  static var none: Side { Side(.none) }

  var isOpen: Bool { descriptor.isOpen }
  var isTLS: Bool { tls != nil }

  /// Something may be there to read.
  var isReadable: Bool {
    get { state.contains(.readable) }
    set { set(.readable, newValue) }
  }

  var isWritable: Bool {
    get { state.contains(.writable) }
    set { set(.writable, newValue) }
  }

  /// The peer sends no more; what it sent before may still be unread.
  var hasHungUp: Bool { state.contains(.hungUp) }

  /// The peer is gone in both directions: what is sent now is lost.
  var isBroken: Bool { state.contains(.broken) }

  /// It sent urgent data: at its mark splice says "would block" for ever, or that the stream has
  /// ended, where a read goes on.
  var hasUrgentData: Bool { state.contains(.urgent) }

  /// Our direction is to end, and TLS has not said so to the peer yet: `settle` does once the socket
  /// has room.
  var owesEnd: Bool { state.contains(.owesEnd) }

  /// What it has said or left open makes it unfit for another request.
  mutating func spoil() { state.insert(.hungUp) }

  mutating func note(_ readiness: Readiness) {
    if readiness.hasHungUp { state.insert(.hungUp) }
    if readiness.isBroken { state.insert(.broken) }
    if readiness.isUrgent { state.insert(.urgent) }
    if readiness.isReadable { state.insert(.readable) }
    if readiness.isWritable { state.insert(.writable) }
  }

  private mutating func set(_ flag: State, _ value: Bool) {
    if value { state.insert(flag) } else { state.remove(flag) }
  }
}

// How it ends.
extension Side {
  /// Makes closing send a reset, and TLS say nothing before it.
  mutating func resetOnClose() {
    state.insert(.abandoned)
    state.remove(.owesEnd)
    descriptor.resetOnClose()
  }

  /// Ends our direction once what was sent before has left: FIN, and close_notify before it. Where
  /// the socket has no room for that, it is still owed.
  mutating func shutdownWrite() {
    guard let tls else { return descriptor.shutdownWrite() }
    state.insert(.owesEnd)
    settle(tls)
  }

  /// Sends what is owed, if the socket has room by now.
  mutating func settle() {
    if owesEnd, let tls { settle(tls) }
  }

  /// Closes it in an orderly way.
  mutating func close() {
    sayGoodbye()
    self = .none
  }

  /// Has TLS tell that nothing was cut off, as far as the socket has room, before the descriptor
  /// closes; nothing where it was told before or the side is given up.
  mutating func sayGoodbye() {
    guard let tls, tls.isEstablished, !state.contains(.abandoned) else { return }
    _ = tls.shutdownWrite()
  }

  private mutating func settle(_ tls: TLSSession) {
    switch tls.shutdownWrite() {
    case .wantsWrite: state.remove(.writable)
    case .wantsRead: state.remove(.readable)
    case .bytes, .endOfStream, .truncated, .failed:
      state.remove(.owesEnd)
      descriptor.shutdownWrite()
    }
  }
}

// TLS on it.
extension Side {
  /// What flows from here on is TLS. Nothing may have been read before.
  mutating func begin(_ session: TLSSession) {
    precondition(tls == nil, "TLS within TLS")
    tls = session
  }

  /// Forgets a session that is over: what still comes is read as it is, and thrown away.
  mutating func leaveTLS() { tls = nil }

  /// Goes on with the handshake; its wishes become what the side waits for.
  mutating func handshake() -> TLSSession.Progress {
    guard let tls else { return .done }
    let progress = tls.handshake()
    switch progress {
    case .wantsRead: state.remove(.readable)
    case .wantsWrite: state.remove(.writable)
    case .done, .failed: break
    }
    return progress
  }
}
