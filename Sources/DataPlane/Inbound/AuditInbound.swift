import Addressing
import TLS
import Telemetry

// What a record says of the peer.
extension Worker {
  func peerNotes(of connection: borrowing Connection) -> AuditPeer? {
    guard let inbound = connection.inbound else { return nil }
    return AuditPeer(id: inbound.machine.peer?.description, failure: inbound.failure?.sentence)
  }
}
