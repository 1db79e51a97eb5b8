internal import CLinux
internal import Glibc

/// What became possible on a descriptor.
///
/// Plain questions and no option set: this is asked for every event, and set algebra across modules
/// is generic code that allocates.
package struct Readiness: Sendable {
  private let events: UInt32

  init(events: UInt32) { self.events = events }

  /// The peer sends no more, both directions are closed, or the socket failed. What it sent before
  /// may still be there to read.
  package var hasHungUp: Bool { events & (pl_read_hangup | pl_hangup | pl_error) != 0 }
  /// The peer reset the connection, or both directions are closed: nothing sent will arrive.
  package var isBroken: Bool { events & (pl_hangup | pl_error) != 0 }
  /// Urgent data has come: reads stop at its mark, short of what else there is (tcp(7)).
  package var isUrgent: Bool { events & pl_urgent != 0 }
  /// Bytes, the end or an error can be read.
  package var isReadable: Bool { events & pl_readable != 0 || hasHungUp }
  /// A write would be taken, or fail at once.
  package var isWritable: Bool { events & (pl_writable | pl_hangup | pl_error) != 0 }
}

/// An epoll instance with room for one batch of events. Used by the thread that made it.
@safe package struct Epoll: ~Copyable {
  private let descriptor: Descriptor
  /// `capacity` events, owned.
  private let events: UnsafeMutableRawPointer
  private let capacity: Int32

  package init(capacity: Int) throws(Errno) {
    descriptor = Descriptor(owning: try systemCall { pl_epoll_create() })
    self.capacity = Int32(capacity)
    unsafe events = .allocate(byteCount: capacity * pl_epoll_event_size(), alignment: 8)
  }

  deinit { unsafe events.deallocate() }

  /// Registers for every change of readiness, each told once (edge-triggered).
  package func addEdgeTriggered(_ socket: borrowing Descriptor, token: UInt64) throws(Errno) {
    let events = pl_readable | pl_writable | pl_urgent | pl_read_hangup | pl_edge_triggered
    let (epoll, number) = (descriptor.number, socket.number)
    _ = try systemCall { pl_epoll_add(epoll, number, events, token) }
  }

  /// Registers for readability, told as long as it lasts (level-triggered): listeners, wake-ups.
  package func addLevelTriggered(_ socket: borrowing Descriptor, token: UInt64) throws(Errno) {
    let (epoll, number) = (descriptor.number, socket.number)
    _ = try systemCall { pl_epoll_add(epoll, number, pl_readable, token) }
  }

  /// Tells nothing of `socket` any more; nothing happens where it was not registered.
  package func remove(_ socket: borrowing Descriptor) {
    // ENOENT is what is wanted; nothing else can be said of two open descriptors.
    _ = pl_epoll_remove(descriptor.number, socket.number)
  }

  /// Waits for events and says how many came.
  ///
  /// - Parameter milliseconds: longest wait; -1 is for ever, 0 not at all.
  package func wait(milliseconds: Int32) throws(Errno) -> Int {
    let (epoll, capacity) = (descriptor.number, self.capacity)
    let events = unsafe self.events
    return Int(try systemCall { unsafe pl_epoll_wait(epoll, events, capacity, milliseconds) })
  }

  /// One event of the last batch.
  ///
  /// - Parameter index: below what `wait` returned.
  package func event(_ index: Int) -> (token: UInt64, readiness: Readiness) {
    precondition(index < Int(capacity))
    return unsafe (
      pl_epoll_data(events, Int32(index)),
      Readiness(events: pl_epoll_events(events, Int32(index)))
    )
  }
}
