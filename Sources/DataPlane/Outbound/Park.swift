import Kernel

// A connection that rests is parked: moved into a form that takes a fraction of its memory. Whoever
// looks for it gets it back in full, so nothing else knows.
extension Worker {
  /// How long a connection rests before it is parked. One that is busy is looked at that often.
  static let parkAfter = DataPlaneSettings.Limits.second

  /// The connection of that name, where it lives.
  mutating func find(_ id: ConnectionID) -> ConnectionReference? {
    if let reference = slab.inFull(id) { return reference }
    guard let reference = slab.unpark(id) else { return nil }
    // It is parked again unless more comes of what it was found for.
    let time = min(reference.connection.deadline, now + Self.parkAfter)
    reference.connection.timerStep = wheel.enter(id.index, by: time)
    return reference
  }

  /// The connection in a slot below the slab's `slotCount`, where one lives there.
  mutating func find(slot index: Int) -> ConnectionReference? {
    slab.id(at: index).flatMap { find($0) }
  }

  /// Sets the deadline of a connection that rests from now on, unless something comes.
  mutating func armToRest(_ connection: inout Connection, deadline: Instant) {
    connection.deadline = deadline
    wake(&connection, by: min(deadline, now + Self.parkAfter))
  }

  /// Whether a connection whose deadline has not passed has rested long enough to be parked. If not,
  /// the wheel tells when to look again.
  mutating func hasRested(_ connection: inout Connection) -> Bool {
    let rested = restsSince(connection).map { $0 + Self.parkAfter }
    if let rested, rested <= now { return true }
    wake(&connection, by: min(connection.deadline, rested ?? connection.deadline))
    return false
  }

  /// Parks the connection in a slot. No reference to it is valid afterwards.
  mutating func park(_ index: UInt32) {
    guard let reference = slab.id(at: Int(index)).flatMap({ slab.inFull($0) }) else { return }
    reference.connection.record.trim(returningMemoryTo: &buffers)
    slab.park(index)
    if let deadline = slab.parkedDeadline(at: index) { _ = wheel.enter(index, by: deadline) }
  }

  /// Since when nothing has happened on a connection that waits for its next request, or on a relay
  /// of which both directions are open; nil where anything is under way or out of the ordinary.
  func restsSince(_ connection: borrowing Connection) -> Instant? {
    guard !connection.isReleased, !connection.isReady, !connection.isLingering,
      !connection.isConnecting, connection.failure == nil, !connection.hasUnfinishedHead,
      connection.held.isEmpty, connection.kept.isEmpty, connection.sent.rests,
      connection.received.rests, connection.client.isSilent,
      connection.explicit?.attempts.isEmpty ?? true
    else { return nil }
    switch connection.exchange.state {
    case .idle where !connection.record.isOpen:
      return connection.deadline - settings.limits.keepAlive
    case .off where connection.record.isOpen && connection.isRelay && connection.upstream.isSilent:
      return connection.deadline - settings.limits.idle
    default:
      return nil
    }
  }
}

extension Side {
  /// Nothing of its peer's is left to read, and more may come.
  fileprivate var isSilent: Bool { isOpen && !isReadable && !hasHungUp && !hasUrgentData }
}

extension Transit {
  /// Nothing is under way, and the direction is open.
  fileprivate var rests: Bool { isEmpty && pipe == nil && !hasEnded }
}
