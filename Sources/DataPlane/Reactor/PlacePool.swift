import Kernel

/// Places of fixed address for values of one type, in chunks that come from the system and go back to
/// it. The lowest free place is taken first, so that the last chunks run empty after a burst. The
/// memory of one empty chunk is kept for the next, wherever that is: a single value that comes and
/// goes costs no system call.
///
/// Used by one thread.
@safe struct PlacePool<Value: ~Copyable>: ~Copyable {
  /// Places of a chunk: one bit each.
  private static var chunkSize: Int { UInt128.bitWidth }
  private static var chunkBytes: Int { chunkSize * MemoryLayout<Value>.stride }

  /// Nil where the chunk is empty. A place's memory is initialised exactly while its bit in `free` is
  /// clear.
  private var chunks: [UnsafeMutablePointer<Value>?] = unsafe []
  private var free: [UInt128] = []
  /// No chunk before this one has a free place.
  private var lowest = 0
  /// What the last chunk that ran empty left, until another begins there.
  private var spare: UnsafeMutablePointer<Value>?
  private var mappedChunks = 0

  init() {}

  deinit {
    for place in 0..<(free.count * Self.chunkSize) where isInUse(place) {
      unsafe pointer(place).deinitialize(count: 1)
    }
    for chunk in unsafe chunks.indices {
      if let start = unsafe chunks[chunk] { unsafe Pages.unmap(start, Self.chunkBytes) }
    }
    if let spare = unsafe spare { unsafe Pages.unmap(spare, Self.chunkBytes) }
  }

  /// Bytes of the chunks that there are.
  var byteCount: Int { mappedChunks * Self.chunkBytes }

  /// Puts a value into the lowest free place and says which that is.
  mutating func insert(_ value: consuming Value) -> Int {
    while lowest < free.count, free[lowest] == 0 { lowest += 1 }
    if lowest == free.count {
      unsafe chunks.append(nil)
      free.append(.max)
    }
    if free[lowest] == .max { unsafe chunks[lowest] = takeMemory() }
    let place = lowest * Self.chunkSize + free[lowest].trailingZeroBitCount
    unsafe pointer(place).initialize(to: value)
    free[lowest] &= free[lowest] &- 1
    return place
  }

  /// Takes the value out of a place that is in use.
  mutating func remove(_ place: Int) -> Value {
    precondition(isInUse(place), "took from a free place")
    let value = unsafe pointer(place).move()
    let chunk = place / Self.chunkSize
    free[chunk] |= 1 << UInt128(place % Self.chunkSize)
    lowest = min(lowest, chunk)
    if free[chunk] == .max { chunkRanEmpty(chunk) }
    return value
  }

  /// Where the value of a place in use is, until it is taken out.
  func pointer(_ place: Int) -> UnsafeMutablePointer<Value> {
    unsafe chunks[place / Self.chunkSize]! + place % Self.chunkSize
  }

  /// Memory of a chunk, none of it initialised.
  private mutating func takeMemory() -> UnsafeMutablePointer<Value> {
    if let memory = unsafe spare {
      unsafe spare = nil
      return unsafe memory
    }
    mappedChunks += 1
    let start = unsafe Pages.map(Self.chunkBytes)
    return unsafe start.bindMemory(to: Value.self, capacity: Self.chunkSize)
  }

  private mutating func chunkRanEmpty(_ chunk: Int) {
    let memory = unsafe chunks[chunk]!
    unsafe chunks[chunk] = nil
    guard unsafe spare != nil else {
      unsafe spare = memory
      return
    }
    unsafe Pages.unmap(memory, Self.chunkBytes)
    mappedChunks -= 1
  }

  private func isInUse(_ place: Int) -> Bool {
    free[place / Self.chunkSize] & 1 << UInt128(place % Self.chunkSize) == 0
  }
}
