package import Foundation
import Glibc

/// A child process whose output is collected as it comes and can be waited for line by line.
///
/// # Concurrency
/// Three threads per process block in `read` (twice) and `waitpid`; each takes `state`'s lock to
/// note what came and wakes the waiters. Waiting blocks the calling thread, always up to a deadline.
///
/// The process is killed when the last reference goes away: nothing outlives its test.
package final class RunningProcess: Sendable {
  /// What was started, as given to `init`.
  package let command: [String]
  /// The process id. Commands run through `ip netns exec` and `setpriv` keep it, as both `exec`.
  package let pid: pid_t

  /// How a process ended.
  package enum Termination: Sendable, Equatable {
    case exited(Int32)
    case signalled(Int32)
  }

  /// What the threads share. A separate object, so that they don't keep the process alive.
  fileprivate final class State: @unchecked Sendable {
    /// The invariant behind `@unchecked Sendable`: the other properties are used with this locked.
    let condition = NSCondition()
    var out = Data()
    var err = Data()
    var openStreams = 2
    var termination: Termination?
  }

  fileprivate let state = State()

  /// - Parameters:
  ///   - command: the program, looked up in the usual directories, and its arguments.
  ///   - environment: added to a minimal one (`PATH`, `LANG=C`, `HOME=/`).
  ///   - input: what the process reads on standard input; nothing by default.
  package init(
    _ command: [String], environment: [String: String] = [:], input: Data? = nil
  ) throws(TestNetworkError) {
    self.command = command
    let variables = [
      "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C",
      "HOME": "/",
    ].merging(Sanitizer.environment) { $1 }.merging(environment) { $1 }
      .map { "\($0.key)=\($0.value)" }
    let out = try Self.pipe(for: command)
    let err = try Self.pipe(for: command)
    let standardInput = try Self.descriptor(reading: input)
    pid = try Self.spawn(
      command, variables, standardStreams: [standardInput, out.write, err.write])
    for descriptor in [standardInput, out.write, err.write] { close(descriptor) }
    let (state, pid) = (state, pid)
    Self.collect(out.read, in: state) { $0.out.append($1) }
    Self.collect(err.read, in: state) { $0.err.append($1) }
    Thread.detachNewThread {
      let termination = Self.waitForEnd(of: pid)
      state.condition.withLock {
        state.termination = termination
        state.condition.broadcast()
      }
    }
  }

  deinit { if isRunning { kill(pid, SIGKILL) } }
}

// MARK: Starting

extension RunningProcess {
  /// Held from a pipe's making until both its ends close on exec, and while a child is made: a child
  /// inherits only what `spawn` gives it.
  private static let making = NSLock()

  private static func pipe(
    for command: [String]
  ) throws(TestNetworkError) -> (read: Int32, write: Int32) {
    making.lock()
    defer { making.unlock() }
    var ends: [Int32] = [-1, -1]
    // The array has the two elements that pipe fills.
    guard unsafe Glibc.pipe(&ends) == 0 else {
      throw .notStarted(command, reason: "no pipe, errno \(errno)")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  private static func descriptor(reading input: Data?) throws(TestNetworkError) -> Int32 {
    guard let input else { return unsafe open("/dev/null", O_RDONLY | O_CLOEXEC) }
    let path = Scratch.path("stdin-\(UUID().uuidString)")
    do {
      try input.write(to: URL(fileURLWithPath: path))
    } catch {
      throw .notStarted([path], reason: "\(error)")
    }
    defer { unsafe unlink(path) }
    return unsafe open(path, O_RDONLY | O_CLOEXEC)
  }

  /// - Parameter standardStreams: what becomes descriptors 0, 1 and 2.
  private static func spawn(
    _ command: [String], _ environment: [String], standardStreams: [Int32]
  ) throws(TestNetworkError) -> pid_t {
    // posix_spawnp reads the two lists and strings before it returns; they are freed after that.
    var arguments = unsafe command.map { unsafe strdup($0) } + [nil]
    var variables = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer { unsafe (arguments + variables).forEach { unsafe free($0) } }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (number, descriptor) in standardStreams.enumerated() {
      unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
    }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // Signals that Foundation or a test blocks must reach the child.
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    making.lock()
    defer { making.unlock() }
    var pid: pid_t = 0
    let error = unsafe posix_spawnp(
      &pid, command[0], &actions, &attributes, &arguments, &variables)
    guard error == 0 else { throw .notStarted(command, reason: "errno \(error)") }
    return pid
  }

  /// Reads to the end on a thread of its own, and closes.
  private static func collect(
    _ descriptor: Int32, in state: State, append: @escaping @Sendable (State, Data) -> Void
  ) {
    Thread.detachNewThread {
      var buffer = [UInt8](repeating: 0, count: 65536)
      while true {
        // `read` writes at most the buffer's length into it.
        let count = unsafe read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        state.condition.withLock {
          if count > 0 { append(state, Data(buffer[..<count])) } else { state.openStreams -= 1 }
          state.condition.broadcast()
        }
        if count <= 0 { break }
      }
      close(descriptor)
    }
  }

  private static func waitForEnd(of pid: pid_t) -> Termination {
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7f
    return signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
  }
}

// MARK: Looking and waiting

extension RunningProcess {
  /// Standard output so far.
  package var output: String {
    state.condition.withLock { String(decoding: state.out, as: UTF8.self) }
  }
  /// Standard error so far.
  package var errors: String {
    state.condition.withLock { String(decoding: state.err, as: UTF8.self) }
  }
  /// The complete lines of standard output so far.
  package var lines: [String] { Self.completeLines(state.condition.withLock { state.out }) }
  /// The complete lines of standard error so far.
  package var errorLines: [String] { Self.completeLines(state.condition.withLock { state.err }) }
  package var isRunning: Bool { state.condition.withLock { state.termination == nil } }

  private static func completeLines(_ data: Data) -> [String] {
    String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast().map(String.init)
  }

  /// Waits for the process to end and its output to be read to the end.
  /// - Parameter timeout: seconds, times `Sanitizer.patience`; when they pass the process is killed
  ///   and the error thrown.
  @discardableResult
  package func wait(timeout: Double = 30) throws(TestNetworkError) -> Finished {
    let deadline = Date(timeIntervalSinceNow: timeout * Sanitizer.patience)
    state.condition.lock()
    while state.termination == nil, state.condition.wait(until: deadline) {}
    guard let termination = state.termination else {
      state.condition.unlock()
      kill(pid, SIGKILL)
      throw .timedOut(
        waitingFor: "`\(command.joined(separator: " "))` to end", output: output + errors)
    }
    // A child that was left behind may hold the pipes open: its output is not waited for long.
    let drained = Date(timeIntervalSinceNow: 2)
    while state.openStreams > 0, state.condition.wait(until: drained) {}
    state.condition.unlock()
    return Finished(command: command, termination: termination, output: output, errors: errors)
  }

  /// Waits until `condition` gives a value; looked at again whenever output came or the process
  /// ended, and every `recheck` seconds for conditions on something outside the process.
  package func wait<Value>(
    for what: String, timeout: Double = 10, recheck: Double? = nil,
    until condition: (RunningProcess) -> Value?
  ) throws(TestNetworkError) -> Value {
    let deadline = Date(timeIntervalSinceNow: timeout * Sanitizer.patience)
    while true {
      let ended = state.condition.withLock {
        (state.termination, state.out.count, state.err.count)
      }
      if let value = condition(self) { return value }
      if case .exited(let status)? = ended.0 {
        throw .ended(waitingFor: what, status: status, output: output + errors)
      }
      if case .signalled(let signal)? = ended.0 {
        throw .ended(waitingFor: what, status: 128 + signal, output: output + errors)
      }
      if Date() >= deadline { throw .timedOut(waitingFor: what, output: output + errors) }
      let until = recheck.map { min(deadline, Date(timeIntervalSinceNow: $0)) } ?? deadline
      state.condition.withLock {
        if state.termination == nil, ended.1 == state.out.count, ended.2 == state.err.count {
          _ = state.condition.wait(until: until)
        }
      }
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
