/// Names a connection for as long as it lives. A slot that is used again has another generation,
/// so a stale event finds nothing.
struct ConnectionID: Hashable, Sendable {
  var generation: UInt32
  var index: UInt32
}

/// A connection's memory, found by its identifier.
///
/// Valid until the end of the batch in which it was found: slots are freed only there.
@safe struct ConnectionReference {
  private let pointer: UnsafeMutablePointer<Connection>

  init(_ pointer: UnsafeMutablePointer<Connection>) { unsafe self.pointer = pointer }

  var connection: Connection {
    _read { yield unsafe pointer.pointee }
    nonmutating _modify { yield unsafe &pointer.pointee }
  }
}

/// The memory of all connections of one worker: fixed addresses, no allocation per connection once
/// a slot exists, freed between batches only. Used by the worker's thread alone.
@safe struct ConnectionSlab: ~Copyable {
  private static let chunkSize = 256

  /// Chunks of `chunkSize` slots. A slot's memory is initialised exactly while `inUse` says so.
  private var chunks: [UnsafeMutablePointer<Connection>] = unsafe []
  private var generations: [UInt32] = []
  private var inUse: [Bool] = []
  private var freeSlots: [UInt32] = []
  private var released: [UInt32] = []

  /// Connections that live, those that were released in this batch included.
  private(set) var count = 0

  init() {}

  deinit {
    for index in 0..<inUse.count where inUse[index] { unsafe slot(index).deinitialize(count: 1) }
    for index in unsafe chunks.indices { unsafe chunks[index].deallocate() }
  }

  /// Makes a connection in a free slot.
  mutating func insert(_ make: (ConnectionID) -> Connection) -> ConnectionReference {
    if freeSlots.isEmpty { addChunk() }
    let index = freeSlots.removeLast()
    generations[Int(index)] &+= 1
    inUse[Int(index)] = true
    count += 1
    let pointer = unsafe slot(Int(index))
    let id = ConnectionID(generation: generations[Int(index)], index: index)
    unsafe pointer.initialize(to: make(id))
    return unsafe ConnectionReference(pointer)
  }

  /// The connection of that name, where it still lives.
  func find(_ id: ConnectionID) -> ConnectionReference? {
    let index = Int(id.index)
    guard index < inUse.count, inUse[index], generations[index] == id.generation else { return nil }
    return unsafe ConnectionReference(slot(index))
  }

  /// Slots there are, in use or not.
  var slotCount: Int { inUse.count }

  /// The connection in a slot below `slotCount`, where one lives there.
  func find(slot index: Int) -> ConnectionReference? {
    inUse[index] ? unsafe ConnectionReference(slot(index)) : nil
  }

  /// Marks the slot for the end of the batch; until then its memory stays as it is.
  mutating func release(_ id: ConnectionID) {
    released.append(id.index)
  }

  /// Destroys what the batch released: descriptors close here.
  mutating func freeReleased() {
    for index in released {
      unsafe slot(Int(index)).deinitialize(count: 1)
      inUse[Int(index)] = false
      freeSlots.append(index)
      count -= 1
    }
    released.removeAll(keepingCapacity: true)
  }

  /// Every connection that lives.
  var all: [ConnectionID] {
    inUse.indices.filter { inUse[$0] }.map {
      ConnectionID(generation: generations[$0], index: UInt32($0))
    }
  }

  private func slot(_ index: Int) -> UnsafeMutablePointer<Connection> {
    unsafe chunks[index / Self.chunkSize] + index % Self.chunkSize
  }

  private mutating func addChunk() {
    let first = UInt32(inUse.count)
    unsafe chunks.append(.allocate(capacity: Self.chunkSize))
    generations.append(contentsOf: repeatElement(0, count: Self.chunkSize))
    inUse.append(contentsOf: repeatElement(false, count: Self.chunkSize))
    freeSlots.append(contentsOf: (first..<(first + UInt32(Self.chunkSize))).reversed())
  }
}
