import Foundation
import TestNetwork
import Testing

/// A reader that does not read stops the sender, and costs the sidecar no memory.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct BackPressureTests {
  @Test(arguments: ["download", "upload"])
  func `a stalled reader stalls the sender and is given everything later`(
    direction: String
  ) throws {
    let scene = try ProxyScene(allowlist: "{hostPattern: 10.77.2.70, port: 7000}")
    let size = 200_000_000
    let stall = ["/usr/bin/python3", Scratch.script("stall.py")]
    let address = [ProxyScene.raw4, "7000"]
    let send = ["send", "\(size)"]
    let server = try scene.network.world.start(
      stall + ["listen"] + address + (direction == "download" ? send : ["receive"]))
    try server.waitUntilListening(7000)
    let client = try scene.network.pod.start(
      stall + ["connect"] + address + (direction == "download" ? ["receive"] : send),
      as: .workload)
    let (sender, reader) = direction == "download" ? (server, client) : (client, server)

    let before = try Memory.resident(of: scene.sidecar.process.pid)
    var last = 0
    var unchanged = 0
    // The sender is blocked once its socket's queue has stopped moving.
    try sender.wait(for: "the sender to block", timeout: 30, recheck: 0.01) { sender in
      let queued = Sockets.unsent(withPort: 7000, inNamespaceOf: sender.pid)
      unchanged = queued > 0 && queued == last ? unchanged + 1 : 0
      last = queued
      return unchanged == 25 ? () : nil
    }
    #expect(sender.output.isEmpty, "all was taken while nobody read")
    let grown = try Memory.resident(of: scene.sidecar.process.pid) - before
    Memory.expect(grown, atMost: 4096, "for one stalled connection")

    reader.signal(SIGUSR1)
    #expect(try reader.wait(timeout: 60).output == "\(size)\n")
    #expect(try sender.wait(timeout: 60).output == "\(size)\n")
    try scene.expectRecords(allowed("tcp"))
  }
}

/// What a process takes.
enum Memory {
  /// Resident memory in KB.
  static func resident(of pid: pid_t) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
    return try #require(Int(line.split(whereSeparator: \.isWhitespace)[1]))
  }

  /// Expects a program to have taken no more than so many KB. Not under a sanitizer, which keeps
  /// notes on all memory and holds back what was freed: there it says nothing of the program.
  static func expect(
    _ kilobytes: Int, atMost limit: Int, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    guard Sanitizer.current == nil else { return }
    #expect(kilobytes <= limit, "\(kilobytes) KB \(what)", sourceLocation: sourceLocation)
  }
}

enum ProcessorTime {
  /// Of all threads, as the scheduler counted it.
  static func used(by pid: pid_t) throws -> Duration {
    let tasks = "/proc/\(pid)/task"
    var nanoseconds: Int64 = 0
    for task in try FileManager.default.contentsOfDirectory(atPath: tasks) {
      let counts = try String(contentsOfFile: "\(tasks)/\(task)/schedstat", encoding: .utf8)
      nanoseconds += try #require(counts.split(separator: " ").first.flatMap { Int64($0) })
    }
    return .nanoseconds(nanoseconds)
  }
}
