import Addressing
import Foundation
import Policy
import Telemetry
import Testing

@Suite("The log of denials")
struct DenialLogTests {
  private func add(_ number: Int, host: String = "h", to log: DenialLog) {
    let record = AuditRecord(
      timestampNanoseconds: 0, auditID: AuditID(rawValue: UInt128(number)), workerID: 0,
      enforcementMode: .enforce, enforced: true, decision: .deny, reason: .hostNotAllowed,
      matchedRule: nil, applicationProtocol: .tls,
      source: ClientAddress(Endpoint(address: IPAddress("10.0.0.7")!, port: 1)), destination: nil,
      outcome: .denied, latencyNanoseconds: 1)
    log.add(
      record, reason: .hostNotAllowed, host: Array(host.utf8).span,
      method: Array(String(repeating: "M", count: 300).utf8).span)
  }

  private func numbers(_ denials: [Denied]) -> [Int] { denials.map { Int($0.auditID.rawValue) } }

  @Test(
    "keeps the last thousand, newest first", arguments: [0, 1, 31, 32, 33, 999, 1000, 1001, 2500])
  func lastThousand(count: Int) {
    let log = DenialLog()
    for number in 0..<count { add(number, to: log) }
    let kept: [Int] = (max(0, count - 1000)..<count).reversed()
    #expect(numbers(log.latest(2000) { _ in true }) == kept)
    #expect(numbers(log.latest(3) { _ in true }) == Array(kept.prefix(3)))
    let even = log.latest(40) { $0.auditID.rawValue % 2 == 0 }
    #expect(numbers(even) == Array(kept.filter { $0 % 2 == 0 }.prefix(40)))
  }

  @Test("cuts what is too long")
  func cut() {
    let log = DenialLog()
    add(1, host: String(repeating: "h", count: 70_000), to: log)
    let denied = log.latest(1) { _ in true }[0]
    #expect(denied.hostText == String(repeating: "h", count: 255))
    var text = TextBuffer()
    denied.append(to: &text)
    #expect(text.description.contains(#""httpMethod":"\#(String(repeating: "M", count: 32))""#))
  }

  @Test("is the size of a thousand entries of known size, whatever they say")
  func size() {
    #expect(MemoryLayout<Denied>.stride <= 448)
  }

  @Test("can be read while all workers add to it")
  func concurrent() async {
    let log = DenialLog()
    await withTaskGroup(of: Bool.self) { group in
      for worker in 0..<4 {
        group.addTask {
          for number in 0..<5000 { add(worker * 10_000 + number, to: log) }
          return true
        }
      }
      group.addTask {
        // Each worker's own come in their order, however they mix.
        (0..<200).allSatisfy { _ in
          let found = numbers(log.latest(1000) { _ in true })
          return (0..<4).allSatisfy { worker in
            let own = found.filter { $0 / 10_000 == worker }
            return own == own.sorted(by: >)
          }
        }
      }
      for await inOrder in group { #expect(inOrder) }
    }
    #expect(log.latest(2000) { _ in true }.count == 1000)
  }
}
