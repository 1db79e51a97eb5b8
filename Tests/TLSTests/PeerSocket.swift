import Addressing
import Glibc
import Kernel
import TLS
import Testing

/// A server of ours on loopback for peers that are programs: it answers each of some connections
/// with what `answer` makes of what came, by the session.
final class SocketServer {
  private let listener: Descriptor
  let port: UInt16

  init() throws {
    StandardStream.ignoreBrokenPipe()
    listener = try .listening(
      on: Endpoint(address: IPAddress("127.0.0.1")!, port: 0), sharing: false)
    port = try listener.localEndpoint().port
  }

  /// What became of one connection.
  struct Outcome {
    var peer: PeerIdentity?
    var version: TLSSession.Version?
    var suite: String?
    var received = ""
    var failure: TLSError?
    var end: TLSIOResult?
  }

  /// Serves the next connection: a handshake, one request up to an empty line or a newline, the
  /// answer, and the end.
  func serve(
    _ context: TLSContext, answer: (PeerIdentity, String) -> String,
    deadline: Instant = .now() + 20_000_000_000
  ) throws -> Outcome {
    let socket = try accept(until: deadline)
    let session = try TLSSession(context, accepting: socket)
    var outcome = Outcome()
    guard try SocketDriver.handshake(session, until: deadline) else {
      outcome.failure = session.failure
      return outcome
    }
    let peer = try #require(session.peer)
    (outcome.peer, outcome.version, outcome.suite) = (peer, session.version, session.cipherSuite)
    let (bytes, end) = try SocketDriver.receive(session, until: deadline) {
      $0.hasSuffix("\r\n\r\n") || $0.hasSuffix("\n")
    }
    (outcome.received, outcome.end) = (bytes, end)
    if end == nil {
      try SocketDriver.send(session, answer(peer, bytes), until: deadline)
      _ = session.shutdownWrite()
      outcome.end = try SocketDriver.receive(session, until: deadline) { _ in false }.end
    }
    outcome.failure = session.failure
    return outcome
  }

  private func accept(until deadline: Instant) throws -> Descriptor {
    while Instant.now() < deadline {
      switch listener.accept() {
      case .connection(let socket, _): return socket
      case .none: SocketDriver.pause()
      case .failed(let error): throw error
      }
    }
    throw Errno.timedOut
  }
}

/// Turns a session on a socket that doesn't block, until it is where it should be.
enum SocketDriver {
  static func handshake(_ session: TLSSession, until deadline: Instant) throws -> Bool {
    while Instant.now() < deadline {
      switch session.handshake() {
      case .done: return true
      case .failed: return false
      case .wantsRead, .wantsWrite: pause()
      }
    }
    throw Errno.timedOut
  }

  /// Receives until `isWhole`, or until it ends; the end is nil in the first case.
  static func receive(
    _ session: TLSSession, until deadline: Instant, _ isWhole: (String) -> Bool
  ) throws -> (text: String, end: TLSIOResult?) {
    var buffer = ByteBuffer()
    while Instant.now() < deadline {
      switch session.receive(into: &buffer, atMost: 16_384) {
      case .bytes: if isWhole(text(buffer)) { return (text(buffer), nil) }
      case .wantsRead, .wantsWrite: pause()
      case let end: return (text(buffer), end)
      }
    }
    throw Errno.timedOut
  }

  static func send(_ session: TLSSession, _ text: String, until deadline: Instant) throws {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty, Instant.now() < deadline {
      switch session.send(Array(rest).span) {
      case .bytes(let count): rest = rest.dropFirst(count)
      case .wantsRead, .wantsWrite: pause()
      default: return
      }
    }
  }

  /// Lets the other process go on; the deadline of the caller bounds how often.
  static func pause() { sched_yield() }

  private static func text(_ buffer: borrowing ByteBuffer) -> String {
    let bytes = buffer.bytes
    return String(decoding: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self)
  }
}
