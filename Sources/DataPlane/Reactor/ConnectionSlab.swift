import Kernel

/// Names a connection for as long as it lives. A slot that is used again has another generation,
/// so a stale event finds nothing.
struct ConnectionID: Hashable, Sendable {
  var generation: UInt32
  var index: UInt32
}

/// A connection's memory, found by its identifier.
///
/// Valid until the end of the batch in which it was found, or until the connection is parked.
@safe struct ConnectionReference {
  private let pointer: UnsafeMutablePointer<Connection>

  init(_ pointer: UnsafeMutablePointer<Connection>) { unsafe self.pointer = pointer }

  var connection: Connection {
    _read { yield unsafe pointer.pointee }
    nonmutating _modify { yield unsafe &pointer.pointee }
  }
}

/// The memory of all connections of one worker. Each has a slot for as long as it lives, in which
/// stands where the connection itself is: in full, or parked in much less memory while it rests.
///
/// What was released is freed between batches only. Used by the worker's thread alone.
@safe struct ConnectionSlab: ~Copyable {
  /// What there is of a slot's connection.
  enum Form: UInt8 {
    case free
    case full
    /// It waits for its next request.
    case parked
    case parkedRelay
  }

  private struct Slot {
    var generation: UInt32 = 0
    /// Of the connection in the places of its form; of a free slot, the next free one.
    var place: UInt32
    var form = Form.free
  }

  private static let blockSize = 256
  private static let noSlot = UInt32.max

  /// In blocks, so that more of them cost no more than they take.
  private var blocks: [[Slot]] = []
  private var firstFree = Self.noSlot
  private var released: [UInt32] = []
  private var full = PlacePool<Connection>()
  private var parked = PlacePool<ParkedConnection>()
  private var parkedRelays = PlacePool<ParkedRelay>()

  /// Connections that live, those that were released in this batch included.
  private(set) var count = 0

  init() {}

  /// Makes a connection in a free slot.
  mutating func insert(_ make: (ConnectionID) -> Connection) -> ConnectionReference {
    if firstFree == Self.noSlot { addBlock() }
    let index = firstFree
    firstFree = self[index].place
    let id = ConnectionID(generation: self[index].generation &+ 1, index: index)
    let place = full.insert(make(id))
    self[index] = Slot(generation: id.generation, place: UInt32(place), form: .full)
    count += 1
    return unsafe ConnectionReference(full.pointer(place))
  }

  /// The connection of that name, where it lives and isn't parked.
  func inFull(_ id: ConnectionID) -> ConnectionReference? {
    guard id.index < slotCount else { return nil }
    let slot = self[id.index]
    guard slot.form == .full, slot.generation == id.generation else { return nil }
    return unsafe ConnectionReference(full.pointer(Int(slot.place)))
  }

  /// Slots there are, in use or not.
  var slotCount: Int { blocks.count * Self.blockSize }

  /// What there is in a slot below `slotCount`.
  func form(at index: Int) -> Form { self[UInt32(index)].form }

  /// The name of the connection in a slot below `slotCount`, where one lives there.
  func id(at index: Int) -> ConnectionID? {
    let slot = self[UInt32(index)]
    guard slot.form != .free else { return nil }
    return ConnectionID(generation: slot.generation, index: UInt32(index))
  }

  /// Marks the slot for the end of the batch; until then its memory stays as it is.
  mutating func release(_ id: ConnectionID) {
    released.append(id.index)
  }

  /// Destroys what the batch released: descriptors close here.
  mutating func freeReleased() {
    for index in released {
      _ = full.remove(Int(self[index].place))
      self[index].form = .free
      self[index].place = firstFree
      firstFree = index
      count -= 1
    }
    released.removeAll(keepingCapacity: true)
  }

  /// Every connection that lives.
  var all: [ConnectionID] { (0..<slotCount).compactMap { id(at: $0) } }

  /// Bytes that slots and connections take, without what these own elsewhere.
  var byteCount: Int {
    slotCount * MemoryLayout<Slot>.stride + full.byteCount + parked.byteCount
      + parkedRelays.byteCount
  }

  private subscript(index: UInt32) -> Slot {
    get { blocks[Int(index) / Self.blockSize][Int(index) % Self.blockSize] }
    _modify { yield &blocks[Int(index) / Self.blockSize][Int(index) % Self.blockSize] }
  }

  private mutating func addBlock() {
    let first = UInt32(slotCount)
    let last = first + UInt32(Self.blockSize) - 1
    // Each leads to the one behind it.
    blocks.append((first...last).map { Slot(place: $0 == last ? Self.noSlot : $0 + 1) })
    firstFree = first
  }
}

// Parking
extension ConnectionSlab {
  /// Moves a connection that rests into less memory. What was found of it before is no longer valid.
  mutating func park(_ index: UInt32) {
    precondition(self[index].form == .full, "parked what isn't there in full")
    let connection = full.remove(Int(self[index].place))
    // Between two requests no record is open.
    if connection.record.isOpen {
      self[index].place = UInt32(parkedRelays.insert(ParkedRelay(connection)))
      self[index].form = .parkedRelay
    } else {
      self[index].place = UInt32(parked.insert(ParkedConnection(connection)))
      self[index].form = .parked
    }
  }

  /// The connection of that name in full again, where it was parked.
  mutating func unpark(_ id: ConnectionID) -> ConnectionReference? {
    guard id.index < slotCount, self[id.index].generation == id.generation else { return nil }
    let place = Int(self[id.index].place)
    let newPlace: Int
    switch self[id.index].form {
    case .free, .full: return nil
    case .parked: newPlace = full.insert(Connection(parked.remove(place), id: id))
    case .parkedRelay: newPlace = full.insert(Connection(parkedRelays.remove(place), id: id))
    }
    self[id.index].place = UInt32(newPlace)
    self[id.index].form = .full
    return unsafe ConnectionReference(full.pointer(newPlace))
  }

  /// The deadline of the connection in a slot, where it is parked.
  func parkedDeadline(at index: UInt32) -> Instant? {
    let slot = self[index]
    switch slot.form {
    case .free, .full: return nil
    case .parked: return unsafe parked.pointer(Int(slot.place)).pointee.deadline
    case .parkedRelay:
      return unsafe parkedRelays.pointer(Int(slot.place)).pointee.connection.deadline
    }
  }
}
