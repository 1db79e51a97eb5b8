import Addressing
import Testing

@testable import DataPlane

@Suite("The order in which a name's addresses are tried")
struct DialPlanTests {
  @Test(
    "Families take turns, the system's first choice first",
    arguments: [
      ("1.1.1.1 1.1.1.2 ::1 ::2", "1.1.1.1 ::1 1.1.1.2 ::2"),
      ("::1 ::2 ::3 1.1.1.1", "::1 1.1.1.1 ::2 ::3"),
      ("1.1.1.1 1.1.1.2", "1.1.1.1 1.1.1.2"),
      ("1.1.1.1 ::ffff:1.1.1.1 ::1 1.1.1.1", "1.1.1.1 ::1"),
      ("", ""),
    ])
  func order(resolved: String, tried: String) {
    var plan = DialPlan(resolved.split(separator: " ").map { IPAddress(String($0))! })
    var order: [String] = []
    while let address = plan.next() { order.append("\(address)") }
    #expect(order.joined(separator: " ") == tried)
  }

  @Test("Attempts are bounded; what is refused is none")
  func bounded() {
    var plan = DialPlan((0..<100).map { .v4(IPv4Address(rawValue: 0x0a00_0000 + $0)) })
    for _ in 0..<20 { _ = plan.next() }
    #expect(plan.hasMore)
    for _ in 0..<DialPlan.attemptLimit {
      _ = plan.next()
      plan.noteAttempt()
    }
    #expect(!plan.hasMore)
    #expect(plan.next() == nil)
  }
}
