import Kernel

// When a connection must have moved on, and what happens where it hasn't.
extension Worker {
  /// Sets when the connection must have moved on. Moving a deadline back costs one store.
  mutating func arm(_ connection: inout Connection, deadline: Instant) {
    connection.deadline = deadline
    wake(&connection, by: deadline)
  }

  /// Has the wheel tell by `time`, or before.
  mutating func wake(_ connection: inout Connection, by time: Instant) {
    if TimerWheel.step(of: time) < connection.timerStep {
      connection.timerStep = wheel.enter(connection.id.index, by: time)
    }
  }

  mutating func runTimers() {
    if let again = acceptsAgainAt, again <= now { resumeAccepting() }
    while let index = wheel.popDue(at: now) {
      if let deadline = slab.parkedDeadline(at: index), deadline > now {
        // Further away than the wheel reaches.
        _ = wheel.enter(index, by: deadline)
        continue
      }
      guard let reference = find(slot: Int(index)), !reference.connection.isReleased else {
        continue
      }
      reference.connection.timerStep = TimerWheel.never
      if reference.connection.deadline <= now {
        deadlinePassed(&reference.connection)
      } else if hasRested(&reference.connection) {
        park(index)
      }
    }
  }
}
