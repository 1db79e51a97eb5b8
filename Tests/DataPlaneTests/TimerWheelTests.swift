import Kernel
import Testing

@testable import DataPlane

@Suite("The timer wheel")
struct TimerWheelTests {
  let start = Instant(nanoseconds: 1_000 * TimerWheel.step)

  func id(_ index: UInt32) -> ConnectionID { ConnectionID(generation: 1, index: index) }

  @Test("An entry comes up once its deadline has passed, never before")
  func due() {
    var wheel = TimerWheel(now: start)
    let deadline = start + 10 * TimerWheel.step + 1
    let step = wheel.insert(id(1), deadline: deadline)
    #expect(wheel.takeDue(at: start + 10 * TimerWheel.step).isEmpty)
    let due = wheel.takeDue(at: start + 11 * TimerWheel.step)
    #expect(due.map(\.id) == [id(1)])
    #expect(due.map(\.step) == [step])
    #expect(wheel.takeDue(at: start + 3000 * TimerWheel.step).isEmpty)
  }

  @Test("A deadline beyond the wheel comes up at its end, to be entered again")
  func beyond() {
    var wheel = TimerWheel(now: start)
    _ = wheel.insert(id(1), deadline: start + 3_600_000_000_000)
    let wait = wheel.nextWait(from: start)
    #expect(wait == 1023 * TimerWheel.step)
  }

  @Test("Every entry comes up exactly once after a long sleep")
  func longSleep() {
    var wheel = TimerWheel(now: start)
    for index in 0..<2000 {
      _ = wheel.insert(id(UInt32(index)), deadline: start + UInt64(index) * TimerWheel.step / 2)
    }
    let due = wheel.takeDue(at: start + 100_000 * TimerWheel.step)
    #expect(Set(due.map(\.id.index)).count == 2000)
    #expect(due.count == 2000)
    #expect(wheel.nextWait(from: start) == nil)
  }

  @Test(
    "The next wait is the nearest entry's, wherever the wheel stands",
    arguments: stride(from: 0, to: 1100, by: 37).map { $0 })
  func nextWait(turns: Int) {
    var wheel = TimerWheel(now: start)
    let now = start + UInt64(turns) * TimerWheel.step
    _ = wheel.takeDue(at: now)
    _ = wheel.insert(id(1), deadline: now + 900 * TimerWheel.step)
    _ = wheel.insert(id(2), deadline: now + 70 * TimerWheel.step)
    #expect(wheel.nextWait(from: now) == 70 * TimerWheel.step)
  }
}
