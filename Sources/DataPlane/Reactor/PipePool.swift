import Kernel

/// Pipes that bulk streams borrow while they move. Used by one worker's thread.
struct PipePool: ~Copyable {
  /// Bytes that a few pipes are asked to hold: a stream that has the machine to itself moves in
  /// fewer steps.
  static let large = 1 << 20
  /// Bytes that all others are asked to hold.
  private static let small = 256 << 10
  /// Empty pipes that are kept for the next stream.
  private static let kept = 64

  /// Taken from the end, where the large ones are put.
  private var idle: [Box] = []
  private var borrowed = 0
  /// Large pipes there are, borrowed or not.
  private var largeCount = 0
  /// Pipes that may be borrowed at a time. Streams that are stuck keep theirs, and each takes two
  /// descriptors, which are connections' before they are pipes'.
  private let limit: Int
  /// Of these the large ones. An unprivileged user gets 16,384 pages for all pipes, which is more
  /// than 128 pipes take of which one in eight is large; later ones would have two pages and work in
  /// small steps.
  private let largeLimit: Int

  init(limit: Int) {
    self.limit = limit
    largeLimit = limit / 8
  }

  /// A class so that an array can hold what can't be copied.
  final class Box {
    let pipe: Pipe
    init(_ pipe: consuming Pipe) { self.pipe = pipe }

    fileprivate var isLarge: Bool { pipe.capacity >= PipePool.large }
  }

  /// Nil where none is left: the stream then goes on without one.
  mutating func borrow() -> Box? {
    guard borrowed < limit, let pipe = idle.popLast() ?? make() else { return nil }
    borrowed += 1
    return pipe
  }

  /// Takes back a pipe that is empty.
  mutating func giveBack(_ pipe: Box) {
    guard idle.count < Self.kept else { return discard(pipe) }
    borrowed -= 1
    if pipe.isLarge { idle.append(pipe) } else { idle.insert(pipe, at: 0) }
  }

  /// One that still holds bytes is of no more use: it closes with its last reference.
  mutating func discard(_ pipe: Box) {
    borrowed -= 1
    if pipe.isLarge { largeCount -= 1 }
  }

  private mutating func make() -> Box? {
    do {
      let capacity = largeCount < largeLimit ? Self.large : Self.small
      let pipe = Box(try Pipe(capacity: capacity, orElse: Self.small))
      if pipe.isLarge { largeCount += 1 }
      return pipe
    } catch {
      return nil
    }
  }
}
