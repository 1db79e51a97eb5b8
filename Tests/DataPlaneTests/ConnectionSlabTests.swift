import Addressing
import Policy
import Telemetry
import Testing

@testable import DataPlane
@testable import Kernel

@Suite("The memory of connections")
struct ConnectionSlabTests {
  static let count = 5000
  static let source = ClientAddress(Endpoint(address: Loop.loopback, port: 1))

  /// Connections without sockets.
  static func slab(withOpenRecord isOpen: Bool = false) -> ConnectionSlab {
    var slab = ConnectionSlab()
    for index in 0..<count {
      let start = Instant(nanoseconds: UInt64(index))
      let reference = slab.insert { id in
        var record = OpenRecord.closed
        if isOpen { record = OpenRecord(id: AuditID(rawValue: 1), startedAt: start, wallClock: 0) }
        return Connection(id: id, source: source, client: .none, record: record, deadline: start)
      }
      reference.connection.upstreamSerial = 7
    }
    return slab
  }

  @Test("A connection takes at most 528 bytes, a parked one 128, a parked relay 240")
  func sizes() {
    #expect(MemoryLayout<Connection>.stride <= 528)
    #expect(MemoryLayout<ParkedConnection>.stride <= 128)
    #expect(MemoryLayout<ParkedRelay>.stride <= 240)
  }

  @Test("All that thousands of parked connections take is at most 160 bytes each")
  func bookkeeping() {
    var slab = Self.slab()
    var wheel = TimerWheel(now: Instant(nanoseconds: 0))
    for id in slab.all {
      slab.park(id.index)
      _ = wheel.enter(id.index, by: Instant(nanoseconds: 1))
    }
    // One empty chunk is kept besides, however many there are.
    let kept = 128 * MemoryLayout<Connection>.stride
    #expect(slab.byteCount + wheel.byteCount - kept <= 160 * Self.count)
  }

  @Test("Each is the same when it comes back, under the same name", arguments: [false, true])
  func unparked(withOpenRecord isOpen: Bool) {
    var slab = Self.slab(withOpenRecord: isOpen)
    let ids = slab.all
    for id in ids { slab.park(id.index) }
    let form = isOpen ? ConnectionSlab.Form.parkedRelay : .parked
    let forms = (0..<Self.count).count { slab.form(at: $0) == form }
    #expect(forms == Self.count)
    #expect(slab.count == Self.count)
    #expect(slab.all == ids)
    var same = 0
    for (index, id) in ids.enumerated().reversed() {
      let start = Instant(nanoseconds: UInt64(index))
      guard slab.inFull(id) == nil, slab.parkedDeadline(at: id.index) == start,
        let reference = slab.unpark(id), slab.inFull(id) != nil, slab.unpark(id) == nil,
        reference.connection.id == id, reference.connection.deadline == start,
        reference.connection.upstreamSerial == 7, reference.connection.record.isOpen == isOpen
      else { continue }
      same += 1
    }
    #expect(same == Self.count)
  }

  @Test("A name of an earlier connection finds nothing, in whatever form the slot is")
  func stale() {
    var slab = Self.slab()
    let id = slab.all[3]
    let stale = ConnectionID(generation: id.generation &- 1, index: id.index)
    let none = ConnectionID(generation: 1, index: UInt32(slab.slotCount))
    for id in [stale, none] {
      #expect(slab.inFull(id) == nil)
      #expect(slab.unpark(id) == nil)
    }
    slab.park(id.index)
    #expect(slab.unpark(stale) == nil)
    #expect(slab.form(at: 3) == .parked)
    _ = slab.unpark(id)
    slab.release(id)
    slab.freeReleased()
    #expect(slab.unpark(id) == nil)
    #expect(slab.inFull(id) == nil)
  }

  @Test("Memory goes back to the system after a burst", arguments: [false, true])
  func givenBack(byParking: Bool) {
    var slab = Self.slab()
    let atPeak = slab.byteCount
    for id in slab.all {
      if byParking { slab.park(id.index) } else { slab.release(id) }
    }
    slab.freeReleased()
    #expect(slab.byteCount < atPeak / (byParking ? 3 : 10))
    guard byParking else { return }
    for id in slab.all { _ = slab.unpark(id) }
    for id in slab.all { slab.release(id) }
    slab.freeReleased()
    #expect(slab.byteCount < atPeak / 10)
  }

  @Test("One that comes and goes where no other is maps nothing anew")
  func spare() {
    var pool = PlacePool<Int>()
    let places = (0..<1000).map { pool.insert($0) }
    #expect(places == Array(0..<1000))
    let bytes = pool.byteCount
    for place in places { #expect(pool.remove(place) == place) }
    let kept = pool.byteCount
    #expect(kept == bytes / 8)
    for round in 0..<100 {
      #expect(pool.insert(round) == 0)
      #expect(pool.byteCount == kept)
      #expect(pool.remove(0) == round)
      #expect(pool.byteCount == kept)
    }
  }

  @Test("That holds in whatever order the values of a burst go", arguments: [false, true])
  func spareAfterBurst(lastFirst: Bool) {
    var pool = PlacePool<Int>()
    let places = (0..<1000).map { pool.insert($0) }
    for place in lastFirst ? places.reversed() : places { _ = pool.remove(place) }
    let kept = pool.byteCount
    for round in 0..<3 {
      #expect(pool.insert(round) == 0)
      #expect(pool.byteCount == kept)
      #expect(pool.remove(0) == round)
      #expect(pool.byteCount == kept)
    }
  }

  @Test("The lowest place is taken first")
  func lowest() {
    var pool = PlacePool<Int>()
    for value in 0..<500 { _ = pool.insert(value) }
    for place in [300, 2, 130] { #expect(pool.remove(place) == place) }
    #expect((0..<4).map { pool.insert($0) } == [2, 130, 300, 500])
  }

  @Test("What is left in it is destroyed with it")
  func destroyed() {
    final class Witness {}
    weak var witness: Witness?
    do {
      var pool = PlacePool<Witness>()
      let object = Witness()
      witness = object
      for _ in 0..<200 { _ = pool.insert(object) }
      _ = pool.remove(100)
    }
    #expect(witness == nil)
  }
}
