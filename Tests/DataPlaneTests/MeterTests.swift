import Testing
import Wire

@testable import DataPlane

@Suite("Where a message's body ends")
struct MeterTests {
  @Test("A counted body ends with its last byte and leaves the rest")
  func counted() {
    var meter = Meter.counted(5)
    #expect(meter.readLimit == 5)
    #expect(meter.admit(Array("abc".utf8).span).count == 3)
    #expect(meter.readLimit == 2)
    #expect(meter.admit(Array("deGET".utf8).span).count == 2)
    #expect(meter.isComplete)
    #expect(meter.admit(Array("GET".utf8).span).count == 0)
  }

  @Test("Bytes that went by splice count too")
  func skipped() {
    var meter = Meter.counted(100)
    meter.skip(60)
    #expect(meter.readLimit == 40)
    meter.skip(40)
    #expect(meter.isComplete)
  }

  @Test("No body is complete at once", arguments: [RequestHead.Framing.none, .length(0)])
  func noBody(framing: RequestHead.Framing) {
    #expect(Meter(framing).isComplete)
  }

  @Test("A chunked body leaves what follows it")
  func chunked() {
    var meter = Meter(RequestHead.Framing.chunked)
    let admission = meter.admit(Array("3\r\nabc\r\n0\r\n\r\nGET / ".utf8).span)
    #expect(admission.count == 13)
    #expect(meter.isComplete)
    #expect(!admission.isMalformed)
  }

  @Test("A broken chunk is malformed")
  func malformed() {
    var meter = Meter(RequestHead.Framing.chunked)
    #expect(meter.admit(Array("zz\r\n".utf8).span).isMalformed)
  }

  @Test("A stream until its end is never complete by counting")
  func untilEnd() {
    var meter = Meter.untilEnd
    #expect(meter.admit([UInt8](repeating: 0, count: 100).span).count == 100)
    meter.skip(1 << 40)
    #expect(!meter.isComplete)
  }
}
