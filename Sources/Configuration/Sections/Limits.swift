/// How long and how much: every wait and every buffer of the data plane is bounded by one of
/// these.
package struct Limits: Hashable, Sendable {
  /// From accept until the first bytes show what they are.
  package var peek: Duration
  /// Handshake bytes of a ClientHello, record headers not counted.
  package var peekBytes: Int
  /// From the first byte of a request head to its last.
  package var requestHead: Duration
  package var requestHeadBytes: Int
  package var requestHeadFields: Int
  package var connect: Duration
  /// Without a byte in either direction.
  package var idle: Duration
  /// Between two requests of a connection.
  package var keepAlive: Duration
  /// Without a byte, once one side has finished sending.
  package var halfClosed: Duration
  /// What connections in flight are given after SIGTERM. Zero closes them at once.
  package var drain: Duration
  /// Connections at a time over all workers; nil: what the descriptor limit allows.
  package var maxConnections: Int?
  /// Bytes on their way in the sidecar's own memory, over all connections, beyond which each is
  /// given little.
  package var bufferBytes: Int

  package init(
    peek: Duration, peekBytes: Int, requestHead: Duration, requestHeadBytes: Int,
    requestHeadFields: Int, connect: Duration, idle: Duration, keepAlive: Duration,
    halfClosed: Duration, drain: Duration, maxConnections: Int?, bufferBytes: Int
  ) {
    self.peek = peek
    self.peekBytes = peekBytes
    self.requestHead = requestHead
    self.requestHeadBytes = requestHeadBytes
    self.requestHeadFields = requestHeadFields
    self.connect = connect
    self.idle = idle
    self.keepAlive = keepAlive
    self.halfClosed = halfClosed
    self.drain = drain
    self.maxConnections = maxConnections
    self.bufferBytes = bufferBytes
  }
}

/// `limits:`
enum LimitsSection {
  private static let moment = Duration.milliseconds(1)
  private static let day = Duration.seconds(86400)

  static let peekSeconds = Key(
    "peekSeconds", .seconds(moment ... .seconds(300)), default: .seconds(5), shown: "5",
    "How long the workload's first bytes are waited for; then the connection is denied "
      + "`peek-timeout`.")
  static let peekBytes = Key(
    "peekBytes", .integer(512...65536), default: 16384,
    "The longest TLS ClientHello that is read, without record headers; a longer one is denied "
      + "`malformed-client-hello`.")
  static let requestHeadSeconds = Key(
    "requestHeadSeconds", .seconds(moment ... .seconds(300)), default: .seconds(10), shown: "10",
    "How long an HTTP request head may take to arrive; then it is answered `408`.")
  static let requestHeadBytes = Key(
    "requestHeadBytes", .integer(1024...1_048_576), default: 65536,
    "The longest HTTP request head; a longer one is answered `431`.")
  static let requestHeadFields = Key(
    "requestHeadFields", .integer(8...1024), default: 128,
    "How many header fields a request may have; more are answered `431`.")
  static let connectSeconds = Key(
    "connectSeconds", .seconds(moment ... .seconds(300)), default: .seconds(5), shown: "5",
    "How long a connection to the destination may take; then a request is answered `504`.")
  static let idleSeconds = Key(
    "idleSeconds", .seconds(moment...day * 7), default: .seconds(3600), shown: "3600",
    "How long a relayed connection may lie still before it is closed.")
  static let keepAliveSeconds = Key(
    "keepAliveSeconds", .seconds(moment...day), default: .seconds(300), shown: "300",
    "How long an HTTP connection may wait for its next request.")
  static let halfClosedSeconds = Key(
    "halfClosedSeconds", .seconds(moment...day), default: .seconds(300), shown: "300",
    "How long a connection may lie still once one side has finished sending.")
  static let drainSeconds = Key(
    "drainSeconds", .seconds(.zero ... .seconds(3600)), default: .seconds(30), shown: "30",
    "What connections in flight are given after SIGTERM before they are closed.")
  static let maxConnections = Key(
    "maxConnections", .integer(0...10_000_000), default: 0,
    "Connections at a time; more are denied `connection-limit`. 0: what the limit of file "
      + "descriptors allows, minus a reserve.")
  static let bufferBytes = Key(
    "bufferBytes", .integer(1_048_576...1_073_741_824), default: 16_777_216,
    "Memory for what waits to be judged or sent, over all connections. Beyond it reads become "
      + "small, and a request head or ClientHello that isn't complete after 4 KiB is denied "
      + "`connection-limit`.")

  static let keys = [
    peekSeconds.declaration, peekBytes.declaration, requestHeadSeconds.declaration,
    requestHeadBytes.declaration, requestHeadFields.declaration, connectSeconds.declaration,
    idleSeconds.declaration, keepAliveSeconds.declaration, halfClosedSeconds.declaration,
    drainSeconds.declaration, maxConnections.declaration, bufferBytes.declaration,
  ]

  static let type: ValueType<Limits> = .section(keys) { section in
    let maxConnections = section.read(maxConnections)
    return Limits(
      peek: section.read(peekSeconds),
      peekBytes: section.read(peekBytes),
      requestHead: section.read(requestHeadSeconds),
      requestHeadBytes: section.read(requestHeadBytes),
      requestHeadFields: section.read(requestHeadFields),
      connect: section.read(connectSeconds),
      idle: section.read(idleSeconds),
      keepAlive: section.read(keepAliveSeconds),
      halfClosed: section.read(halfClosedSeconds),
      drain: section.read(drainSeconds),
      maxConnections: maxConnections == 0 ? nil : maxConnections,
      bufferBytes: section.read(bufferBytes))
  }
}
