import Addressing
import Kernel
import Policy
import Telemetry

extension Worker {
  /// Takes as many connections as are expected: an accept that finds none costs as much as two
  /// that do little else, since the kernel makes the new file before it looks. The listeners are
  /// level-triggered, so that those which wait beyond that are told of at once.
  mutating func acceptExpected(on listener: Listener) {
    // Twice as many next time where all were there; a bounded number, so that live connections get
    // their turn.
    expectedAccepts =
      accept(on: listener, atMost: expectedAccepts)
      ? min(2 * expectedAccepts, Self.acceptsPerBatch) : 1
  }

  /// Takes what waits on a listener.
  ///
  /// - Returns: true where more may wait.
  mutating func accept(on listener: Listener, atMost limit: Int) -> Bool {
    for _ in 0..<limit {
      switch listener.descriptor.accept() {
      case .connection(let descriptor, let peer):
        admit(descriptor, from: peer, on: listener)
      case .none:
        return false
      case .failed(let error):
        if error.isExhaustion { refuseWithSpareDescriptor(on: listener) }
        return false
      }
    }
    return true
  }

  private mutating func admit(
    _ descriptor: consuming Descriptor, from peer: Endpoint, on listener: Listener,
    refusal: DenyReason? = nil
  ) {
    let refusal = refusal ?? (slab.count >= connectionLimit ? .connectionLimit : nil)
    guard listener.direction == .outbound else {
      return admitInbound(descriptor, from: peer, on: listener, refusal: refusal)
    }
    let destination = originalDestination(of: descriptor, from: peer, on: listener)
    serve(
      descriptor, from: peer, destination: destination, refusal: refusal)
  }

  /// Takes a connection on.
  ///
  /// - Parameters:
  ///   - destination: where it was going, as far as the kernel told.
  ///   - refusal: set where it is refused whatever it wants.
  mutating func serve(
    _ descriptor: consuming Descriptor, from peer: Endpoint, destination: FoundDestination,
    refusal: DenyReason? = nil
  ) {
    let reference = insert(
      descriptor, from: peer, as: destination == .proxy ? .explicit(ExplicitProxy()) : .captured)
    let action = reference.connection.machine.found(destination, refusal: refusal)
    perform(action, on: &reference.connection)
  }

  /// Gives a connection its slot, its record and its deadline, and asks for its events.
  mutating func insert(
    _ descriptor: consuming Descriptor, from peer: Endpoint, as role: Role
  ) -> ConnectionReference {
    counters.connectionsAccepted.add(1)
    // Optionals, because a closure can't consume what it captures.
    var socket: Descriptor? = consume descriptor
    var record: OpenRecord? = openRecord()
    let deadline = now + settings.limits.peek
    let reference = slab.insert { id in
      Connection(
        id: id, source: ClientAddress(peer), client: socket.take()!, record: record.take()!,
        deadline: deadline, role: role)
    }
    watch(&reference.connection)
    return reference
  }

  /// Asks epoll for the client's events and the wheel for its deadline.
  private mutating func watch(_ connection: inout Connection) {
    do {
      try epoll.addEdgeTriggered(
        connection.client.descriptor, token: Token(connection.id, .client).rawValue)
    } catch {
      // No events will come (ENOMEM, ENOSPC): its deadline ends it, with a record.
    }
    arm(&connection, deadline: connection.deadline)
  }

  /// No descriptor is left: a spare one is given up to accept one connection, tell it so and write
  /// it down; otherwise it would wait in the queue unheard.
  private mutating func refuseWithSpareDescriptor(on listener: Listener) {
    spare = .none
    if case .connection(let descriptor, let peer) = listener.descriptor.accept() {
      admit(descriptor, from: peer, on: listener, refusal: .connectionLimit)
      // The descriptor closes here, and the spare one takes its number.
      slab.freeReleased()
      reopenSpare()
      if spare.isOpen { return }
    } else {
      // It was memory that was wanting, not a descriptor.
      reopenSpare()
    }
    pauseAccepting()
  }
}
