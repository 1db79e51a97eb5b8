import ControlPlane
import Kernel
import Testing

/// When a changing file is read, by the clock that the test holds.
@Suite("A file that changes is read")
struct SettlingTests {
  static let start = Instant(nanoseconds: 1_000_000_000_000)
  static let milli: UInt64 = 1_000_000

  /// What happens at which millisecond, and when the file is read for it.
  @Test(
    arguments: [
      (changes: [], read: nil),
      (changes: [(0, .closed)], read: 20),
      // A second file of the same writer.
      (changes: [(0, .closed), (15, .closed)], read: 35),
      (changes: [(0, .underWay)], read: 1000),
      // Written in several goes, then closed.
      (changes: [(0, .underWay), (300, .underWay), (310, .closed)], read: 330),
      // Closed, and opened again at once.
      (changes: [(0, .closed), (10, .underWay)], read: 1010),
      (changes: [(0, .underWay), (900, .underWay)], read: 1900),
      // Never at rest.
      (changes: (0..<60).map { ($0 * 100, .underWay) }, read: 5000),
    ] as [(changes: [(UInt64, PathWatch.Change)], read: UInt64?)])
  func once(_ changes: [(UInt64, PathWatch.Change)], read: UInt64?) {
    var settling = Settling()
    var changes = changes[...]
    var found: UInt64?
    for millisecond in 0..<UInt64(7000) where found == nil {
      let now = Self.start + millisecond * Self.milli
      while let (at, change) = changes.first, at == millisecond {
        settling.note(change, at: now)
        changes.removeFirst()
      }
      if settling.takeDue(at: now) != nil { found = millisecond }
    }
    #expect(found == read)
  }

  @Test("and not again before something else happens") func again() {
    var settling = Settling()
    settling.note(.closed, at: Self.start)
    #expect(settling.wait(from: Self.start) == 20)
    let due = Self.start + Settling.afterCompletion
    #expect(settling.wait(from: due) == 0)
    let changes = [settling.takeDue(at: due), settling.takeDue(at: due + 60_000 * Self.milli)]
    #expect(changes == [.closed, nil])
    #expect(settling.wait(from: due) == -1)
  }

  @Test("no earlier than the wait for it says: no wake-up is for nothing") func roundedUp() {
    var settling = Settling()
    settling.note(.closed, at: Self.start)
    #expect(settling.wait(from: Self.start + 1) == 20)
  }
}
