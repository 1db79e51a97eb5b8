package import Foundation

/// A child process whose output is collected as it comes and can be waited for line by line.
///
/// # Concurrency
/// Output arrives on Dispatch's threads, the termination on Foundation's; both take `state`'s lock
/// and wake the waiters. Waiting blocks the calling thread, always up to a deadline.
///
/// The process is killed when the last reference goes away: nothing outlives its test.
package final class RunningProcess: @unchecked Sendable {
  /// The invariant behind `@unchecked Sendable`: everything below `state` is read and written with
  /// `state` locked; `process` is only touched by `init` and through Foundation's own locking.
  private let state = NSCondition()
  private var out = Data()
  private var err = Data()
  private var openStreams = 2
  private var termination: Termination?
  private let process = Process()

  /// What was started, as given to `init`.
  package let command: [String]
  /// The process id. Commands run through `ip netns exec` and `setpriv` keep it, as both `exec`.
  package let pid: pid_t

  /// How a process ended.
  package enum Termination: Sendable, Equatable {
    case exited(Int32)
    case signalled(Int32)
  }

  /// - Parameters:
  ///   - command: the program, looked up in `PATH`, and its arguments.
  ///   - environment: added to a minimal one (`PATH`, `LANG=C`, `HOME=/`).
  ///   - input: what the process reads on standard input; nothing by default.
  package init(
    _ command: [String], environment: [String: String] = [:], directory: String? = nil,
    input: Data? = nil
  ) throws(TestNetworkError) {
    self.command = command
    let outPipe = Pipe()
    let errPipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.environment = [
      "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C",
      "HOME": "/",
    ].merging(environment) { $1 }
    process.currentDirectoryURL = URL(fileURLWithPath: directory ?? "/")
    process.standardOutput = outPipe
    process.standardError = errPipe
    do {
      process.standardInput = try Self.handle(reading: input)
      let ended = Ended()
      process.terminationHandler = { ended.note($0) }
      Self.spawning.lock()
      defer { Self.spawning.unlock() }
      try process.run()
      pid = process.processIdentifier
      ended.forward { [weak self] in self?.terminated($0) }
    } catch {
      throw .notStarted(command, reason: "\(error)")
    }
    collect(outPipe.fileHandleForReading) { $0.out.append($1) }
    collect(errPipe.fileHandleForReading) { $0.err.append($1) }
  }

  deinit { if termination == nil { kill(pid, SIGKILL) } }

  /// One at a time: a child must not inherit the pipes of another that is just being started.
  private static let spawning = NSLock()

  private static func handle(reading input: Data?) throws -> FileHandle {
    guard let input else { return .nullDevice }
    let url = URL(fileURLWithPath: Scratch.path("stdin-\(UUID().uuidString)"))
    try input.write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try FileHandle(forReadingFrom: url)
  }

  private func collect(
    _ handle: FileHandle, into append: @escaping @Sendable (RunningProcess, Data) -> Void
  ) {
    handle.readabilityHandler = { [weak self] handle in
      let data = handle.availableData
      if data.isEmpty { handle.readabilityHandler = nil }
      guard let self else { return }
      state.lock()
      if data.isEmpty { openStreams -= 1 } else { append(self, data) }
      state.broadcast()
      state.unlock()
    }
  }

  private func terminated(_ termination: Termination) {
    state.lock()
    self.termination = termination
    state.broadcast()
    state.unlock()
  }
}

/// Bridges Foundation's handler, which may run before `self` exists, to the object's own.
private final class Ended: @unchecked Sendable {
  /// The invariant behind `@unchecked Sendable`: both properties are used with `lock` held.
  private let lock = NSLock()
  private var termination: RunningProcess.Termination?
  private var handler: (@Sendable (RunningProcess.Termination) -> Void)?

  func note(_ process: Process) {
    let termination: RunningProcess.Termination =
      process.terminationReason == .exit
      ? .exited(process.terminationStatus) : .signalled(process.terminationStatus)
    let handler = lock.withLock {
      self.termination = termination
      return self.handler
    }
    handler?(termination)
  }

  func forward(to handler: @escaping @Sendable (RunningProcess.Termination) -> Void) {
    let termination = lock.withLock {
      self.handler = handler
      return self.termination
    }
    if let termination { handler(termination) }
  }
}

// MARK: Looking and waiting

extension RunningProcess {
  /// Standard output so far.
  package var output: String { state.withLock { String(decoding: out, as: UTF8.self) } }
  /// Standard error so far.
  package var errors: String { state.withLock { String(decoding: err, as: UTF8.self) } }
  /// The complete lines of standard output so far.
  package var lines: [String] { Self.completeLines(state.withLock { out }) }
  /// The complete lines of standard error so far.
  package var errorLines: [String] { Self.completeLines(state.withLock { err }) }
  package var isRunning: Bool { state.withLock { termination == nil } }

  private static func completeLines(_ data: Data) -> [String] {
    String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast().map(String.init)
  }

  /// Waits for the process to end and its output to be read to the end.
  /// - Parameter timeout: seconds; when they pass the process is killed and the error thrown.
  @discardableResult
  package func wait(timeout: Double = 30) throws(TestNetworkError) -> Finished {
    let deadline = Date(timeIntervalSinceNow: timeout)
    state.lock()
    while termination == nil, state.wait(until: deadline) {}
    guard let termination else {
      state.unlock()
      kill(pid, SIGKILL)
      throw .timedOut(
        waitingFor: "`\(command.joined(separator: " "))` to end", output: output + errors)
    }
    // A child that was left behind may hold the pipes open: its output is not waited for long.
    let drained = Date(timeIntervalSinceNow: 2)
    while openStreams > 0, state.wait(until: drained) {}
    state.unlock()
    return Finished(command: command, termination: termination, output: output, errors: errors)
  }

  /// Waits until `condition` gives a value; looked at again whenever output came or the process
  /// ended, and every `recheck` seconds for conditions on something outside the process.
  package func wait<Value>(
    for what: String, timeout: Double = 10, recheck: Double? = nil,
    until condition: (RunningProcess) -> Value?
  ) throws(TestNetworkError) -> Value {
    let deadline = Date(timeIntervalSinceNow: timeout)
    while true {
      let ended = state.withLock { (termination, out.count, err.count) }
      if let value = condition(self) { return value }
      if case .exited(let status)? = ended.0 {
        throw .ended(waitingFor: what, status: status, output: output + errors)
      }
      if case .signalled(let signal)? = ended.0 {
        throw .ended(waitingFor: what, status: 128 + signal, output: output + errors)
      }
      if Date() >= deadline { throw .timedOut(waitingFor: what, output: output + errors) }
      let until = recheck.map { min(deadline, Date(timeIntervalSinceNow: $0)) } ?? deadline
      state.lock()
      if termination == nil, ended.1 == out.count, ended.2 == err.count {
        _ = state.wait(until: until)
      }
      state.unlock()
    }
  }

  /// Waits for a complete line on standard output that `matches`.
  @discardableResult
  package func waitForLine(
    _ what: String, timeout: Double = 10, where matches: (String) -> Bool
  ) throws(TestNetworkError) -> String {
    try wait(for: "a line: \(what)", timeout: timeout) { $0.lines.first(where: matches) }
  }

  /// Waits for at least `count` complete lines on standard output and returns all there are.
  package func waitForLines(_ count: Int, timeout: Double = 10) throws(TestNetworkError) -> [String]
  {
    try wait(for: "\(count) lines", timeout: timeout) {
      let lines = $0.lines
      return lines.count >= count ? lines : nil
    }
  }

  /// Waits until something in the process's network namespace listens on the TCP `port`.
  package func waitUntilListening(_ port: Int, timeout: Double = 10) throws(TestNetworkError) {
    try wait(for: "a listener on port \(port)", timeout: timeout, recheck: 0.005) {
      Sockets.listening(inNamespaceOf: $0.pid).contains(port) ? () : nil
    }
  }

  /// Sends a signal.
  package func signal(_ signal: Int32) { kill(pid, signal) }

  /// Kills the process and waits until it is gone.
  package func stop() {
    if isRunning { kill(pid, SIGKILL) }
    _ = try? wait(timeout: 5)
  }
}

/// A process that has ended, with all it wrote.
package struct Finished: Sendable {
  package let command: [String]
  package let termination: RunningProcess.Termination
  package let output: String
  package let errors: String

  /// The exit status; 128 + signal for a process that a signal ended, as shells count.
  package var status: Int32 {
    switch termination {
    case .exited(let status): status
    case .signalled(let signal): 128 + signal
    }
  }
  package var succeeded: Bool { status == 0 }
  package var lines: [String] { output.split(separator: "\n").map(String.init) }

  /// Itself when the status is 0; otherwise throws with everything the process said.
  @discardableResult
  package func checked() throws(TestNetworkError) -> Finished {
    if succeeded { return self }
    throw .command(command, status: status, output: output + errors)
  }
}
