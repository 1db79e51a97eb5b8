import Foundation
import TestNetwork
import Testing

/// Where audit records go other than to standard output, and what keeps a sidecar from starting.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct AuditSinkTests {
  static let rules = #"{hostPattern: "*"}, {hostPattern: 10.77.2.0/24}"#

  /// A sink that can't be had: what stands at the path, and how the sidecar ends.
  enum Obstacle: CaseIterable {
    case noDirectory, directory, fifo, forbidden, noSocket, fileAsSocket

    var status: Int32 {
      switch self {
      case .directory, .fifo: 2
      case .forbidden: 3
      case .noDirectory, .noSocket, .fileAsSocket: 5
      }
    }

    /// Makes it in `directory`; the value of `audit.sink`, and what standard error says.
    func make(in directory: String) throws -> (sink: String, sentence: String) {
      let path = "\(directory)/audit"
      let files = FileManager.default
      switch self {
      case .noDirectory:
        return (
          "\(path)/log",
          "can't open \(path)/log for the audit records: No such file or directory"
        )
      case .directory:
        try files.createDirectory(atPath: path, withIntermediateDirectories: false)
        return (path, "\(path) can't take audit records: it is not a regular file")
      case .fifo:
        #expect(unsafe mkfifo(path, 0o666) == 0)
        #expect(unsafe chmod(path, 0o666) == 0)
        return (path, "\(path) can't take audit records: it is not a regular file")
      case .forbidden:
        try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory)
        return (path, "can't open \(path) for the audit records: Permission denied")
      case .noSocket:
        return (
          "unix:\(path)",
          "can't connect to unix:\(path) for the audit records: No such file or directory"
        )
      case .fileAsSocket:
        _ = files.createFile(
          atPath: path, contents: nil, attributes: [.posixPermissions: 0o666])
        return (
          "unix:\(path)", "can't connect to unix:\(path) for the audit records: Connection refused"
        )
      }
    }
  }

  @Test(arguments: Obstacle.allCases)
  func `a sink that can't be had keeps the sidecar from starting`(obstacle: Obstacle) throws {
    let network = try NetworkNamespace("pod")
    let (sink, sentence) = try obstacle.make(in: Scratch.makeDirectory("audit"))
    let document = "workspaceId: ws-test\naudit: {sink: \"\(sink)\"}\n"
    let ended = try network.run(
      [try Binary.sidecar.path, "run", "--config", Scratch.file("config.yaml", document)],
      as: .proxy)
    #expect(ended.status == obstacle.status)
    #expect(
      ended.errors.split(separator: "\n").last.map(String.init)
        == "portarium-sidecar: \(sentence); audit.sink names it")
    #expect(ended.output.isEmpty)
  }

  @Test func `a file gets every record, behind what it held`() throws {
    let log = LogFile()
    log.write("{\"cut\":\"o")
    let scene = try ProxyScene(allowlist: Self.rules, top: "audit: {sink: \(log.path)}")
    #expect(try scene.curl("http://api.example.com/one").status == 200)
    #expect(try scene.curl("http://api.example.com/two").status == 200)
    #expect(try scene.sidecar.drain().records.isEmpty)
    let lines = log.lines
    #expect(lines.count == 3)
    #expect(lines.first == "{\"cut\":\"o")
    let records = lines.dropFirst().compactMap { AuditRecord($0) }
    #expect(records.map { $0[text: "httpPath"] } == ["/one", "/two"])
  }

  @Test func `SIGUSR1 leaves a renamed file, and no record is lost or stands in both`() throws {
    let log = LogFile()
    let scene = try ProxyScene(allowlist: Self.rules, top: "audit: {sink: \(log.path)}")
    let renamed = (0..<4).map { "\(log.path).\($0)" }
    for (round, old) in renamed.enumerated() {
      #expect(try scene.curl("http://api.example.com/\(round)/a").status == 200)
      try FileManager.default.moveItem(atPath: log.path, toPath: old)
      #expect(try scene.curl("http://api.example.com/\(round)/b").status == 200)
      scene.sidecar.process.signal(SIGUSR1)
      try scene.sidecar.process.wait(for: "the new file", recheck: 0.005) { _ in
        FileManager.default.fileExists(atPath: log.path) ? () : nil
      }
    }
    #expect(try scene.sidecar.drain().status == 0)
    let lines = try renamed.map { try String(contentsOfFile: $0, encoding: .utf8) }
      .map { $0.split(separator: "\n").map(String.init) }
    let records = (lines.joined() + log.lines).compactMap { AuditRecord($0) }
    #expect(
      records.map { $0[text: "httpPath"] } == (0..<4).flatMap { ["/\($0)/a", "/\($0)/b"] })
  }

  @Test func `a collector that goes away and comes back gets whole records`() throws {
    let directory = Scratch.makeDirectory("audit")
    let path = "\(directory)/audit.sock"
    let collector = try Collector(path)
    let scene = try ProxyScene(allowlist: Self.rules, top: "audit: {sink: \"unix:\(path)\"}")
    #expect(try scene.curl("http://api.example.com/one").status == 200)
    _ = try collector.process.waitForLines(2)
    collector.process.stop()
    #expect(try scene.curl("http://api.example.com/two").status == 200)
    _ = try scene.sidecar.process.wait(for: "a word about it") {
      $0.errorLines.first { $0.contains("audit records can't be written to unix:\(path)") }
    }
    let next = try Collector(path)
    #expect(try scene.curl("http://api.example.com/three").status == 200)
    let records = try next.process.waitForLines(3).dropFirst().compactMap { AuditRecord($0) }
    #expect(records.map { $0[text: "httpPath"] } == ["/two", "/three"])
    #expect(try scene.sidecar.drain().status == 0)
  }

  /// More records than a stalled socket, the writer and a queue have room for, in one connection.
  static let many = 600
  static let longURL =
    "http://api.example.com/" + String(repeating: "x", count: 6000) + "/[1-\(many)]"

  @Test
  func `a collector that stalls costs records where they may be dropped, and each is counted`()
    throws
  {
    let path = "\(Scratch.makeDirectory("audit"))/audit.sock"
    let collector = try Collector(path, stalls: true)
    let scene = try ProxyScene(
      allowlist: Self.rules, top: "audit: {sink: \"unix:\(path)\", whenFull: drop}")
    // Nothing waits for the collector.
    #expect(try scene.curl("-o", "/dev/null", Self.longURL).exit == 0)
    let dropped = try scene.metric("portarium_audit_dropped_total")
    #expect(dropped > 0)
    #expect(try scene.metric("portarium_audit_records_total") == Self.many)
    collector.process.signal(SIGUSR1)
    #expect(try scene.sidecar.drain().status == 0)
    let lines = try collector.process.wait().lines.dropFirst()
    #expect(lines.count { AuditRecord($0) != nil } == Self.many - dropped)
    #expect(lines.count == Self.many - dropped)
    let said = scene.sidecar.process.errorLines.compactMap {
      $0.firstMatch(of: /([0-9]+) audit records were dropped/).flatMap { Int($0.1) }
    }
    #expect(said.reduce(0, +) == dropped)
  }

  @Test func `a collector that stalls holds up new work where none may be dropped`() throws {
    let path = "\(Scratch.makeDirectory("audit"))/audit.sock"
    let collector = try Collector(path, stalls: true)
    let scene = try ProxyScene(allowlist: Self.rules, top: "audit: {sink: \"unix:\(path)\"}")
    let client = try scene.network.pod.start(
      ["curl", "-sS", "--max-time", "30", "-o", "/dev/null", Self.longURL], as: .workload)
    try scene.sidecar.process.wait(for: "a worker to wait", recheck: 0.05) { _ in
      (try? scene.metric("portarium_audit_stalls_total")) ?? 0 > 0 ? () : nil
    }
    #expect(client.isRunning)
    collector.process.signal(SIGUSR1)
    #expect(try client.wait().status == 0)
    #expect(try scene.metric("portarium_audit_dropped_total") == 0)
    #expect(try scene.sidecar.drain().status == 0)
    let lines = try collector.process.wait().lines.dropFirst()
    #expect(lines.compactMap { AuditRecord($0) }.count == Self.many)
  }

  @Test(arguments: [false, true])
  func `a disk that was full for a while costs no record and splits no line`(
    rotates: Bool
  ) throws {
    let disk = try SmallDisk()
    let path = "\(disk.directory)/audit.log"
    let scene = try ProxyScene(allowlist: Self.rules, top: "audit: {sink: \(path)}")
    #expect(try scene.curl("http://api.example.com/0").status == 200)
    try scene.sidecar.process.wait(for: "the first record", recheck: 0.005) { _ in
      LogFile.lines(path).isEmpty ? nil : ()
    }
    // What is left is the rest of the log's own page: it ends amid a line.
    try disk.fill()
    for number in 1..<20 {
      #expect(try scene.curl("http://api.example.com/\(number)").status == 200)
    }
    try scene.sidecar.process.wait(for: "a word about it") {
      $0.errorLines.contains { $0.contains("\(path): No space left on device") } ? () : nil
    }
    let torn = try String(contentsOfFile: path, encoding: .utf8)
    #expect(!torn.hasSuffix("\n"))
    if rotates {
      try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
      scene.sidecar.process.signal(SIGUSR1)
      try scene.sidecar.process.wait(for: "the new file", recheck: 0.005) { _ in
        FileManager.default.fileExists(atPath: path) ? () : nil
      }
    }
    try disk.empty()
    #expect(try scene.sidecar.drain().status == 0)
    let old = rotates ? LogFile.lines(path + ".1") : []
    if rotates { #expect(try String(contentsOfFile: path + ".1", encoding: .utf8).hasSuffix("\n")) }
    let records = (old + LogFile.lines(path)).map { AuditRecord($0)?[text: "httpPath"] }
    #expect(records == (0..<20).map { "/\($0)" })
  }

  @Test func `a sidecar that is killed amid requests leaves whole lines, but for the last`() throws
  {
    let log = LogFile()
    let scene = try ProxyScene(allowlist: Self.rules, top: "audit: {sink: \(log.path)}")
    let load = try scene.network.pod.start(
      [
        "/usr/bin/python3", "-c",
        """
        import http.client, threading
        def ask(number):
            try:
                connection = http.client.HTTPConnection("api.example.com")
                while True:
                    connection.request("GET", f"/{number}")
                    connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                pass
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """,
      ], as: .workload)
    try scene.sidecar.process.wait(for: "some hundred records", recheck: 0.005) { _ in
      log.lines.count > 300 ? () : nil
    }
    scene.sidecar.process.stop()
    try load.wait().checked()
    let left = log.text
    let whole = left.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    #expect(whole.count > 300)
    for line in whole { #expect(AuditRecord(String(line)) != nil, "\(line)") }

    try scene.restart()
    #expect(try scene.curl("http://api.example.com/after").status == 200)
    #expect(try scene.sidecar.drain().status == 0)
    #expect(log.text.hasPrefix(left))
    let after = log.text.dropFirst(left.count).split(separator: "\n")
    #expect(after.map { AuditRecord(String($0))?[text: "httpPath"] } == ["/after"])
    // Where the last line was cut off, the next stands on a line of its own.
    #expect(log.lines.count { AuditRecord($0) == nil } == (left.hasSuffix("\n") ? 0 : 1))
  }
}

/// A file system of 64 pages in memory.
private final class SmallDisk {
  let directory = Scratch.makeDirectory("disk")
  private var ballast: String { "\(directory)/ballast" }

  init() throws {
    try RunningProcess(
      ["mount", "-t", "tmpfs", "-o", "size=256k,mode=777", "none", directory]
    ).wait().checked()
  }

  /// Takes all pages that are left.
  func fill() throws {
    let ended = try RunningProcess(["dd", "if=/dev/zero", "of=\(ballast)", "bs=4096"]).wait()
    #expect(ended.errors.contains("No space left on device"))
  }

  func empty() throws { try FileManager.default.removeItem(atPath: ballast) }

  deinit { _ = try? RunningProcess(["umount", "--lazy", directory]).wait() }
}

extension ProxyScene {
  /// A metric without labels.
  fileprivate func metric(_ name: String) throws -> Int {
    let page = try network.pod.run(
      ["curl", "-sS", "--max-time", "10", "http://127.0.0.1:15021/metrics"], as: .workload
    ).checked()
    let line = try #require(page.lines.first { $0.hasPrefix(name + " ") })
    return try #require(Int(line.dropFirst(name.count + 1)))
  }
}

/// Listens on a Unix socket and prints the lines of one connection, behind a line `ready`.
private struct Collector {
  let process: RunningProcess

  /// - Parameter stalls: it reads nothing until SIGUSR1.
  init(_ path: String, stalls: Bool = false) throws {
    process = try RunningProcess([
      "/usr/bin/python3", "-c",
      """
      import os, signal, socket, sys
      signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
      path = sys.argv[1]
      if os.path.exists(path): os.unlink(path)
      listener = socket.socket(socket.AF_UNIX)
      listener.bind(path)
      os.chmod(path, 0o777)
      listener.listen()
      print("ready", flush=True)
      connection = listener.accept()[0]
      if sys.argv[2] == "stalls": signal.sigwait({signal.SIGUSR1})
      for line in connection.makefile(): print(line, end="", flush=True)
      """, path, stalls ? "stalls" : "",
    ])
    try process.waitForLine("ready") { $0 == "ready" }
  }
}

/// A file in a directory that the sidecar may write to.
struct LogFile {
  let directory = Scratch.makeDirectory("audit")
  var path: String { "\(directory)/audit.log" }

  /// Makes the file, for anyone to append to.
  func write(_ text: String) {
    _ = FileManager.default.createFile(
      atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o666])
  }

  var text: String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

  /// Its lines; the last one need not be complete.
  var lines: [String] { Self.lines(path) }

  static func lines(_ path: String) -> [String] {
    ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n")
      .map(String.init)
  }
}
