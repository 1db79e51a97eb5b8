import Addressing
import Kernel

/// What is kept of a connection while it waits for its next request: what a request doesn't begin
/// anew. Events that come meanwhile are not lost, for nobody but its sockets' sides hears them.
///
/// Fields stand so that nothing is lost between them: a sidecar may hold thousands.
struct ParkedConnection: ~Copyable {
  let source: ClientAddress
  let client: Side
  let upstreamSerial: UInt8
  let upstream: Side
  let machine: OutboundConnection
  let role: Role
  let deadline: Instant

  init(_ connection: consuming Connection) {
    source = connection.source
    client = connection.client
    upstreamSerial = connection.upstreamSerial
    upstream = connection.upstream
    machine = connection.machine
    role = connection.role
    deadline = connection.deadline
  }
}

/// What is kept of a relay while nothing moves: its record is open until it ends.
struct ParkedRelay: ~Copyable {
  let record: OpenRecord
  let connection: ParkedConnection
  let bytesSent: UInt64
  let bytesReceived: UInt64

  init(_ connection: consuming Connection) {
    var record = OpenRecord.closed
    swap(&record, &connection.record)
    self.record = record
    bytesSent = connection.sent.delivered
    bytesReceived = connection.received.delivered
    self.connection = ParkedConnection(connection)
  }
}

extension Connection {
  /// Between two requests, as it was when it was parked.
  init(_ parked: consuming ParkedConnection, id: ConnectionID) {
    self.init(parked, id: id, record: .closed)
    exchange.reset()
  }

  /// A relay as it was when it was parked.
  init(_ relay: consuming ParkedRelay, id: ConnectionID) {
    self.init(relay.connection, id: id, record: relay.record)
    sent.delivered = relay.bytesSent
    received.delivered = relay.bytesReceived
  }

  private init(
    _ parked: consuming ParkedConnection, id: ConnectionID, record: consuming OpenRecord
  ) {
    self.init(
      id: id, source: parked.source, client: .none, record: record, deadline: parked.deadline,
      role: parked.role)
    client = parked.client
    upstreamSerial = parked.upstreamSerial
    upstream = parked.upstream
    machine = parked.machine
  }
}
