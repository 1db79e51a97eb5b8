import Kernel
import SeededRandom
import Testing

@testable import DataPlane

@Suite("The timer wheel")
struct TimerWheelTests {
  let start = Instant(nanoseconds: 1_000 * TimerWheel.step)

  @Test("An entry comes up once its deadline has passed, never before")
  func due() {
    var wheel = TimerWheel(now: start)
    let step = wheel.enter(1, by: start + 10 * TimerWheel.step + 1)
    #expect(step == 1011)
    #expect(wheel.due(at: start + 10 * TimerWheel.step) == [])
    #expect(wheel.due(at: start + 11 * TimerWheel.step) == [1])
    #expect(wheel.due(at: start + 3000 * TimerWheel.step) == [])
  }

  @Test("A deadline beyond the wheel comes up at its end, to be entered again")
  func beyond() {
    var wheel = TimerWheel(now: start)
    _ = wheel.enter(1, by: start + 3_600_000_000_000)
    let wait = wheel.nextWait(from: start)
    #expect(wait == 1023 * TimerWheel.step)
  }

  @Test("Every entry comes up exactly once after a long sleep")
  func longSleep() {
    var wheel = TimerWheel(now: start)
    for index in 0..<2000 {
      _ = wheel.enter(UInt32(index), by: start + UInt64(index) * TimerWheel.step / 2)
    }
    let due = wheel.due(at: start + 100_000 * TimerWheel.step)
    #expect(due.sorted() == Array(0..<2000))
    #expect(wheel.nextWait(from: start) == nil)
  }

  @Test(
    "The next wait is the nearest entry's, wherever the wheel stands",
    arguments: stride(from: 0, to: 1100, by: 37).map { $0 })
  func nextWait(turns: Int) {
    var wheel = TimerWheel(now: start)
    let now = start + UInt64(turns) * TimerWheel.step
    _ = wheel.due(at: now)
    _ = wheel.enter(1, by: now + 900 * TimerWheel.step)
    _ = wheel.enter(2, by: now + 70 * TimerWheel.step)
    #expect(wheel.nextWait(from: now) == 70 * TimerWheel.step)
  }

  @Test("What is removed does not come up, and leaves nothing to wait for")
  func removed() {
    var wheel = TimerWheel(now: start)
    for index in 0..<3 as Range<UInt32> { _ = wheel.enter(index, by: start + 1) }
    wheel.remove(1)
    wheel.remove(1)
    // One that never had an entry.
    wheel.remove(70_000)
    #expect(wheel.due(at: start + TimerWheel.step) == [0, 2])
    _ = wheel.enter(3, by: start + 5 * TimerWheel.step)
    wheel.remove(3)
    #expect(wheel.nextWait(from: start) == nil)
  }

  @Test("However often it is entered a connection has one entry, the last")
  func once() {
    var wheel = TimerWheel(now: start)
    let bytes = wheel.byteCount
    for round in 0..<10_000 as Range<UInt64> {
      _ = wheel.enter(5, by: start + (round % 900 + 1) * TimerWheel.step)
    }
    _ = wheel.enter(5, by: start + 3 * TimerWheel.step)
    #expect(wheel.due(at: start + 2000 * TimerWheel.step) == [5])
    #expect(wheel.byteCount - bytes == bytes)
  }

  @Test("It tells what a list of deadlines would", arguments: 1...20 as ClosedRange<UInt64>)
  func model(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var wheel = TimerWheel(now: start)
    var now = start
    var deadlines: [UInt32: Instant] = [:]
    for _ in 0..<2000 {
      let index = UInt32.random(in: 0..<3000, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<6:
        // Within the wheel's reach.
        let deadline = now + UInt64.random(in: 0..<60_000_000_000, using: &random)
        _ = wheel.enter(index, by: deadline)
        deadlines[index] = deadline
      case 6:
        wheel.remove(index)
        deadlines[index] = nil
      default:
        now = now + UInt64.random(in: 0..<3_000_000_000, using: &random)
        for index in wheel.due(at: now) {
          let deadline = deadlines.removeValue(forKey: index)
          #expect((deadline ?? now + 1) <= now)
        }
        let late = deadlines.values.filter { $0 + TimerWheel.step < now }
        #expect(late.isEmpty)
      }
    }
  }
}

extension TimerWheel {
  /// All whose step has passed.
  fileprivate mutating func due(at now: Instant) -> [UInt32] {
    var due: [UInt32] = []
    while let index = popDue(at: now) { due.append(index) }
    return due
  }
}
