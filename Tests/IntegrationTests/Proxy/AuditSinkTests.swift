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
  var lines: [String] { text.split(separator: "\n").map(String.init) }
}
