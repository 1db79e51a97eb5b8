import Addressing
import Foundation
import Policy
import SeededRandom
import Telemetry
import Testing

/// What the encoder writes, the reader reads; what it doesn't write never stops the reader.
@Suite("A record, written and read")
struct AuditRoundTripTests {
  @Test("is the same again, whatever its texts held", arguments: [1, 7, 64, 4096, .max])
  func roundTrip(piece: Int) throws {
    var random = SeededGenerator(seed: 1)
    let written = (0..<400).map { _ in WrittenRecord(&random) }
    let log = Log(bytes: written.flatMap(\.line), piece: piece)
    #expect(log.faults.isEmpty)
    #expect(log.entries.count == written.count)
    for (entry, written) in zip(log.entries, written) {
      let record = written.record
      #expect(entry.timestampNanoseconds == record.timestampNanoseconds)
      #expect(entry.auditID == record.auditID)
      #expect(entry.workerID == UInt64(record.workerID))
      #expect(entry.direction == record.direction)
      #expect(entry.enforcementMode == record.enforcementMode)
      #expect(entry.enforced == record.enforced)
      #expect(entry.decision == record.decision)
      #expect(entry.reason == record.reason)
      #expect(entry.applicationProtocol == record.applicationProtocol)
      #expect(entry.sourceAddress == record.source.endpoint.address.canonical)
      #expect(entry.sourcePort == record.source.endpoint.port)
      #expect(entry.destinationAddress == record.destination?.endpoint.address)
      #expect(entry.outcome == record.outcome)
      #expect(entry.responseStatus ?? 0 == record.responseStatus)
      #expect(entry.bytesSent == record.bytesSent)
      #expect(entry.bytesReceived == record.bytesReceived)
      #expect(entry.latencyMicroseconds == record.latencyNanoseconds / 1000)
    }
    // Its texts as another reader of JSON has them.
    let texts = try written.map { try parse(String(decoding: $0.line, as: UTF8.self)) }
    #expect(log.hosts == texts.map { $0["destinationHost"] as? String ?? "" })
  }

  @Test("is never taken for JSON where others don't, however it was changed")
  func mutations() {
    var random = SeededGenerator(seed: 2)
    var accepted = 0
    for _ in 0..<5_000 {
      var line = WrittenRecord(&random).line
      line.removeLast()
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<line.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: line[place] = UInt8.random(in: 0...255, using: &random)
        case 1: line[place] = Array("\"\\{}[]:,0-tu".utf8).randomElement(using: &random) ?? 0
        case 2: line.remove(at: place)
        case 3: line.insert(line[Int.random(in: 0..<line.count, using: &random)], at: place)
        default: line.removeSubrange(place..<min(line.count, place + 20))
        }
        if line.isEmpty { line = [0x7b] }
      }
      let log = Log(bytes: line)
      guard !log.entries.isEmpty, !line.contains(0x0a) else { continue }
      accepted += 1
      let text = String(decoding: line, as: UTF8.self)
      // The other reader has no numbers beyond what a Double holds.
      if text.contains(/[0-9][eE]/) { continue }
      let object = try? JSONSerialization.jsonObject(with: Data(line))
      #expect(object is [String: Any], "\(text)")
    }
    // Most changes are to a text or a number.
    #expect(accepted > 500)
  }
}

/// A record of random values, and the line it becomes.
private struct WrittenRecord {
  let record: AuditRecord
  let line: [UInt8]

  init(_ random: inout SeededGenerator) {
    func any<T>(_ values: [T]) -> T { values[Int.random(in: 0..<values.count, using: &random)] }
    func number() -> UInt64 {
      any([0, 1, 1_500, .max, UInt64.random(in: 0...(.max), using: &random)])
    }
    func address() -> IPAddress {
      let wide = UInt128(number()) << 64 | UInt128(number())
      return any([
        .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: number()))),
        .v6(IPv6Address(rawValue: wide)), .v6(IPv6Address(rawValue: 0xffff_0a00_0001)),
      ])
    }
    let decision = any([AuditRecord.Decision.allow, .deny])
    record = AuditRecord(
      timestampNanoseconds: UInt64.random(in: 0..<18_400_000_000_000_000_000, using: &random),
      auditID: AuditID(milliseconds: number(), random: UInt128(number())),
      workerID: Int.random(in: 0..<64, using: &random), direction: any([.outbound, .inbound]),
      enforcementMode: any(EnforcementMode.allCases), enforced: any([true, false]),
      decision: decision, reason: decision == .deny ? any(DenyReason.allCases) : nil,
      matchedRule: any([nil, "github", #"a "quoted\" rule ☃"#]),
      applicationProtocol: any([.http, .tls, .tcp]),
      source: ClientAddress(
        Endpoint(address: address(), port: UInt16(truncatingIfNeeded: number()))),
      destination: any([
        nil,
        OriginalDestination(
          Endpoint(address: address(), port: UInt16(truncatingIfNeeded: number()))),
      ]), requestedPort: any([0, 443]), responseStatus: any([0, 200, 403]),
      outcome: any([.completed, .denied, .upstreamFailed, .clientGone, .timedOut, .shutdown]),
      bytesSent: number(), bytesReceived: number(), latencyNanoseconds: number())
    let texts = (0..<4).map { _ -> [UInt8] in
      let pieces: [[UInt8]] = [
        Array("api.example.com".utf8), [0xff], [0xc2, 0x85], [0], Array("\"\\\n\u{7f}".utf8),
        Array("é🦜".utf8), [UInt8.random(in: 0...255, using: &random)], Array(#"\u0041"#.utf8),
      ]
      return (0..<Int.random(in: 0...4, using: &random)).flatMap { _ in any(pieces) }
    }
    let (host, method, path, traceparent) = (texts[0], texts[1], texts[2], texts[3])
    var encoder = AuditEncoder(workspaceID: "ws")
    var buffer = TextBuffer()
    encoder.encode(
      record, host: host.span, method: method.span, path: path.span,
      traceparent: traceparent.span,
      peer: any([
        nil, AuditPeer(id: "spiffe://example.org/a", failure: nil),
        AuditPeer(id: nil, failure: "it said \"no\""),
      ]), into: &buffer)
    line = Array(buffer.description.utf8)
  }
}
