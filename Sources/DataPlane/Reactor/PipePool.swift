import Kernel

/// Pipes that bulk streams borrow while they move. Used by one worker's thread.
struct PipePool: ~Copyable {
  /// Bytes a pipe is asked to hold. An unprivileged user gets 16,384 pages for all pipes: 256 of
  /// this size; later ones stay at the kernel's default and work in smaller steps.
  static let pipeCapacity = 256 * 1024
  /// Empty pipes that are kept for the next stream.
  private static let kept = 64

  private var idle: [Box] = []
  private var borrowed = 0
  /// Pipes that may be borrowed at a time. Streams that are stuck keep theirs, and each takes two
  /// descriptors, which are connections' before they are pipes'.
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  /// A class so that an array can hold what can't be copied.
  final class Box {
    let pipe: Pipe
    init(_ pipe: consuming Pipe) { self.pipe = pipe }
  }

  /// Nil where none is left: the stream then goes on without one.
  mutating func borrow() -> Box? {
    guard borrowed < limit, let pipe = idle.popLast() ?? Self.made() else { return nil }
    borrowed += 1
    return pipe
  }

  private static func made() -> Box? {
    do {
      return Box(try Pipe(capacity: pipeCapacity))
    } catch {
      return nil
    }
  }

  /// Takes back a pipe that is empty.
  mutating func giveBack(_ pipe: Box) {
    borrowed -= 1
    if idle.count < Self.kept { idle.append(pipe) }
  }

  /// One that still holds bytes is of no more use: it closes with its last reference.
  mutating func discard(_ pipe: Box) { borrowed -= 1 }
}
