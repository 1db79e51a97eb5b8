import Addressing
import Kernel
import Policy
import Telemetry

extension Worker {
  /// Takes what waits on a listener, a bounded number a batch so that live connections get their
  /// turn.
  mutating func accept(on listener: Listener) {
    for _ in 0..<Self.acceptsPerBatch {
      switch listener.descriptor.accept() {
      case .connection(let descriptor, let peer):
        admit(descriptor, from: peer, on: listener)
      case .none:
        return
      case .failed(let error):
        if error.isExhaustion { refuseWithSpareDescriptor(on: listener) }
        return
      }
    }
  }

  private mutating func admit(
    _ descriptor: consuming Descriptor, from peer: Endpoint, on listener: Listener
  ) {
    counters.connectionsAccepted.add(1)
    let refusal: DenyReason? = slab.count >= connectionLimit ? .connectionLimit : nil
    descriptor.setNoDelay()
    var pending: Descriptor? = consume descriptor
    let record = openRecord()
    let deadline = now + settings.limits.peek
    var opened: OpenRecord? = consume record
    let reference = slab.insert { id in
      Connection(
        id: id, source: ClientAddress(peer), client: pending.take()!, record: opened.take()!,
        deadline: deadline)
    }
    start(&reference.connection, listener: listener, refusal: refusal)
  }

  private mutating func start(
    _ connection: inout Connection, listener: Listener, refusal: DenyReason?
  ) {
    do {
      try epoll.addEdgeTriggered(
        connection.client.descriptor, token: Token(connection.id, .client).rawValue)
    } catch {
      // Without events the connection would hang: it is refused like one too many.
      perform(connection.machine.refused(.connectionLimit), on: &connection)
      return
    }
    arm(&connection, deadline: connection.deadline)
    let action = originalDestination(of: &connection, listener: listener)
    if let refusal {
      perform(connection.machine.refused(refusal), on: &connection)
    } else {
      perform(action, on: &connection)
    }
  }

  /// No descriptor is left: a spare one is given up to accept one connection, tell it so and write
  /// it down; otherwise it would wait in the queue unheard.
  private mutating func refuseWithSpareDescriptor(on listener: Listener) {
    spare = .none
    if case .connection(let descriptor, let peer) = listener.descriptor.accept() {
      counters.connectionsAccepted.add(1)
      var opened: OpenRecord? = openRecord()
      var pending: Descriptor? = consume descriptor
      let deadline = now
      let reference = slab.insert { id in
        Connection(
          id: id, source: ClientAddress(peer), client: pending.take()!, record: opened.take()!,
          deadline: deadline)
      }
      _ = originalDestination(of: &reference.connection, listener: listener)
      perform(reference.connection.machine.refused(.connectionLimit), on: &reference.connection)
      slab.freeReleased()
    }
    reopenSpare()
    if !spare.isOpen { pauseAccepting() }
  }
}
