import Kernel

/// Pipes that bulk streams borrow while they move. Used by one worker's thread.
struct PipePool: ~Copyable {
  /// Bytes a pipe is asked to hold. An unprivileged user gets 16,384 pages for all pipes: 256 of
  /// this size; later ones stay at the kernel's default and work in smaller steps.
  static let pipeCapacity = 256 * 1024
  /// Empty pipes that are kept for the next stream.
  private static let kept = 64

  private var idle: [Box] = []

  init() {}

  /// A class so that an array can hold what can't be copied.
  final class Box {
    let pipe: Pipe
    init(_ pipe: consuming Pipe) { self.pipe = pipe }
  }

  /// Nil where no descriptor is left: the stream then goes on without one.
  mutating func borrow() -> Box? {
    if let pipe = idle.popLast() { return pipe }
    do {
      return Box(try Pipe(capacity: Self.pipeCapacity))
    } catch {
      return nil
    }
  }

  /// Takes back a pipe that is empty.
  mutating func giveBack(_ pipe: Box) {
    if idle.count < Self.kept { idle.append(pipe) }
  }

}
