import Foundation

extension NetworkNamespace {
  /// Runs `body` on a thread of its own inside the namespace, and gives what it returns. For what is
  /// called in this process instead of started as a program.
  package func inside<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) throws -> Value {
    let outcome = Outcome<Value>()
    let path = "/run/netns/\(name)"
    Thread.detachNewThread {
      outcome.set(
        Result {
          try Self.enter(path)
          return try body()
        })
    }
    return try outcome.wait().get()
  }

  /// `setns(CLONE_NEWNET)` for the calling thread alone. Swift's Glibc doesn't know the function.
  private static func enter(_ path: String) throws {
    typealias SetNamespace = @convention(c) (Int32, Int32) -> Int32
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    // `path` lives through the call. The C library has setns(2) under this name with this type.
    let symbol = unsafe dlsym(dlopen(nil, RTLD_NOW), "setns")
    guard descriptor >= 0, let symbol = unsafe symbol,
      unsafe unsafeBitCast(symbol, to: SetNamespace.self)(descriptor, 0x4000_0000) == 0
    else {
      throw TestNetworkError.command(["setns", path], status: 1, output: "errno \(errno)")
    }
  }
}

/// What a thread came to.
private final class Outcome<Value: Sendable>: @unchecked Sendable {
  /// The invariant behind `@unchecked Sendable`: `result` is used with `condition` locked.
  private let condition = NSCondition()
  private var result: Result<Value, any Error>?

  func set(_ result: Result<Value, any Error>) {
    condition.withLock {
      self.result = result
      condition.signal()
    }
  }

  func wait() -> Result<Value, any Error> {
    condition.withLock {
      while result == nil { condition.wait() }
      return result!
    }
  }
}
