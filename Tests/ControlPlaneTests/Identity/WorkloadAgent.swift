import Addressing
import Foundation
import TestNetwork

/// An agent that serves the Workload API: grpcio and the messages of PyPI's `spiffe`
/// (`Scripts/workload_api.py`). Ends with the value.
final class WorkloadAgent {
  /// An SVID that it has handed out.
  struct Issued: Decodable {
    var fingerprint: String
    var serialNumber: String
    /// The private key's number, in hexadecimal.
    var secret: String
  }

  private struct Event: Decodable {
    var event: String
    var port: UInt16?
    var `do`: String?
    var svids: [Issued]?
    var method: String?
    var header: String?
    var userAgent: String?
  }

  let endpoint: WorkloadEndpoint
  private let process: RunningProcess
  private let commands: String
  private var commandCount = 0

  /// What `.ci/python-packages` fetched.
  private static let packages =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(".build/python")
    .path

  /// False where they are not there, unless nothing may be skipped.
  static let isAvailable =
    FileManager.default.fileExists(atPath: packages + "/spiffe") || Requirement.isRequired

  /// Without Debian's packages, which are older.
  private static func start(_ arguments: String...) throws -> RunningProcess {
    try RunningProcess(
      ["/usr/bin/python3", "-BS", Scratch.script("workload_api.py")] + arguments,
      environment: ["PYTHONPATH": packages])
  }

  static func socket() -> WorkloadEndpoint {
    .unix(path: Scratch.makeDirectory("agent") + "/agent.sock")
  }

  init(at endpoint: WorkloadEndpoint = socket()) throws {
    commands = Scratch.makeDirectory("agent") + "/commands"
    process = try Self.start("serve", "\(endpoint)", commands)
    let line = try process.waitForLine("ready", timeout: 30) { $0.contains("ready") }
    let event = try JSONDecoder().decode(Event.self, from: Data(line.utf8))
    switch endpoint {
    case .unix: self.endpoint = endpoint
    case .tcp(var endpoint):
      endpoint.port = event.port ?? 0
      self.endpoint = .tcp(endpoint)
    }
  }

  /// Does what a JSON object asks for; returns once that is done.
  @discardableResult
  func `do`(_ command: String) throws -> [Issued] {
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: commands))
    try file.write(contentsOf: Data((command + "\n").utf8))
    try file.close()
    commandCount += 1
    let count = commandCount
    return try process.wait(for: "the command \(command)") { [self] _ in
      let done = events.filter { $0.event == "done" }
      return done.count >= count ? done[count - 1].svids ?? [] : nil
    }
  }

  /// SVIDs for these IDs, the first of them the default.
  @discardableResult
  func issue(_ ids: String..., federated: [String] = []) throws -> [Issued] {
    let svids = ids.map { #"{"id":"\#($0)"}"# }.joined(separator: ",")
    let domains = federated.map { #""\#($0)""# }.joined(separator: ",")
    return try self.do(#"{"do":"set","svids":[\#(svids)],"federated":[\#(domains)]}"#)
  }

  func fail(_ method: String, _ code: String, _ message: String = "so it is") throws {
    try self.do(
      #"{"do":"fail","method":"\#(method)","code":"\#(code)","message":"\#(message)"}"#)
  }

  /// `workload.spiffe.io` of each call of a method so far.
  func calls(_ method: String) -> [String?] {
    events.filter { $0.event == "call" && $0.method == method }.map(\.header)
  }

  func waitForCalls(_ method: String, _ count: Int) throws {
    try process.wait(for: "\(count) calls of \(method)") { [self] _ in
      calls(method).count >= count ? () : nil
    }
  }

  func stop() { process.stop() }
  func signal(_ signal: Int32) { process.signal(signal) }

  /// What PyPI's client makes of it.
  func asked(audience: String) throws -> Finished {
    try Self.start("client", "\(endpoint)", audience).wait(timeout: 30).checked()
  }

  private var events: [Event] {
    process.lines.compactMap { try? JSONDecoder().decode(Event.self, from: Data($0.utf8)) }
  }
}
