import Addressing
import Kernel
import Policy
import TLS
import Testing

@testable import DataPlane

/// A worker that takes connections from outside, and the workload behind it.
struct InboundScene: ~Copyable {
  var loop: Loop
  let server: Server

  static let everyone = [InboundRule(name: "everyone", peer: nil)]

  init(
    _ mode: InboundMode = .strict, rules: [InboundRule] = everyone,
    limits: DataPlaneSettings.Limits = .init(), identity: IdentitySnapshot? = nil,
    hasIdentity: Bool = true, isOpaque: Bool = false, isPlaintext: Bool = false,
    probe: String? = nil, configure: (inout DataPlaneSettings) -> Void = { _ in }
  ) throws {
    // As the program does: OpenSSL writes to its sockets as to any file.
    StandardStream.ignoreBrokenPipe()
    let server = try Server()
    let port = server.endpoint.port
    let policy = InboundPolicy(
      mode: mode, rules: rules, opaquePorts: isOpaque ? [port...port] : [],
      plaintextPorts: isPlaintext ? [port...port] : [],
      probes: probe.map { [InboundProbe(port: port, path: $0)] } ?? [])
    var loop = try Loop(limits: limits, policy: nil, configure: configure)
    loop.published.publish(.denyingAll, inbound: policy)
    if hasIdentity { loop.published.publish(identity: try identity ?? Authority.identity()) }
    loop.turn(longestWait: 0)
    self.loop = loop
    self.server = server
  }

  /// In plain text.
  mutating func connect() throws -> Peer {
    try loop.connectFromOutside(to: .elsewhere(OriginalDestination(server.endpoint)))
  }

  /// Over TLS, with the certificate of that name; the handshake is done or has failed.
  mutating func connect(as name: String) throws -> TLSPeer {
    let context = try TLSContext.mutual(
      svid: Authority.svid(name), bundles: Authority.bundles())
    return try finish(try TLSPeer(try connect(), context))
  }

  private mutating func finish(_ peer: consuming TLSPeer) throws -> TLSPeer {
    for _ in 0..<2000 {
      switch peer.session.handshake() {
      case .done, .failed: return peer
      case .wantsRead, .wantsWrite: loop.turn()
      }
    }
    throw Loop.Unexpected()
  }

  /// Turns until `peer` has got what `condition` asks for.
  mutating func run(_ peer: inout TLSPeer, until condition: (borrowing TLSPeer) -> Bool) {
    let deadline = Instant.now() + 10 * DataPlaneSettings.Limits.second
    peer.read()
    while !condition(peer) {
      guard Instant.now() < deadline else {
        Issue.record("nothing came of it within 10 s: \(peer.text)")
        return
      }
      loop.turn()
      peer.read()
    }
  }

  /// The workload's end of the next connection to it.
  mutating func accept() throws -> Peer { try loop.accept(at: server) }
}

/// The other end of a connection from outside, with TLS on it.
struct TLSPeer: ~Copyable {
  let socket: Descriptor
  let session: TLSSession
  private(set) var received: [UInt8] = []
  /// It was told that nothing more comes.
  private(set) var hasEnded = false
  /// The connection ended otherwise.
  private(set) var wasCutOff = false

  init(_ peer: consuming Peer, _ context: TLSContext) throws {
    let socket = peer.leave()
    let session = try TLSSession(
      context, connecting: socket,
      expecting: .spiffeID(matches: { _ in true }, serverName: nil))
    self.session = session
    self.socket = socket
  }

  var text: String { String(decoding: received, as: UTF8.self) }

  func send(_ text: String) { send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) {
    guard session.send(bytes.span) == .bytes(bytes.count) else {
      Issue.record("the peer could not send")
      return
    }
  }

  mutating func read() {
    var buffer = ByteBuffer()
    while !hasEnded && !wasCutOff {
      buffer.clear()
      switch session.receive(into: &buffer, atMost: 65536) {
      case .bytes: for index in 0..<buffer.count { received.append(buffer.bytes[index]) }
      case .wantsRead, .wantsWrite: return
      case .endOfStream: hasEnded = true
      case .truncated, .failed: wasCutOff = true
      }
    }
  }

  consuming func close() {}
}
