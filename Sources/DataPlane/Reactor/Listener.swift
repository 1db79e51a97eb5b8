import Addressing
import Kernel
import Synchronization
import Telemetry

/// A socket that captured connections arrive at.
final class Listener: Sendable {
  let descriptor: Descriptor
  /// Where it is bound.
  let endpoint: Endpoint
  /// Which way the connections go that arrive at it.
  let direction: AuditRecord.Direction
  private let isWildcard: Bool

  init(
    _ endpoint: Endpoint, _ direction: AuditRecord.Direction = .outbound, sharing: Bool,
    transparent: Bool
  ) throws(Errno) {
    self.direction = direction
    descriptor = try Descriptor.listening(
      on: endpoint, sharing: sharing, transparent: transparent)
    self.endpoint = endpoint
    switch endpoint.address {
    case .v4(let address): isWildcard = address.rawValue == 0
    case .v6(let address): isWildcard = address.rawValue == 0
    }
  }

  /// The local end of a connection that came from here. Only a wildcard listener has to ask the
  /// kernel for it; nil where that fails, since no other address may take its place.
  func localEnd(of connection: borrowing Descriptor) -> Endpoint? {
    guard isWildcard else { return endpoint }
    return try? connection.localEndpoint()
  }
}

/// A worker's listeners on their way to its thread. They are taken out, not copied: the thread's
/// closure lives as long as the thread, and would keep them open while the worker drains.
final class Handover: Sendable {
  private let listeners: Mutex<[Listener]>

  init(_ listeners: [Listener]) { self.listeners = Mutex(listeners) }

  func take() -> [Listener] {
    listeners.withLock { held in
      defer { held = [] }
      return held
    }
  }
}
