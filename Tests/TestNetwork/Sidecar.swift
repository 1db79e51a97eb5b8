import Foundation

/// portarium-sidecar in a pod, as its uid without capabilities, and what it writes.
package final class Sidecar: Sendable {
  package let process: RunningProcess

  /// Starts it and waits until it listens on the proxy port.
  /// - Parameters:
  ///   - document: the configuration, YAML.
  ///   - user: who it runs as.
  ///   - wrapping: a command that the sidecar is started through, such as `prlimit`.
  package convenience init(
    in pod: NetworkNamespace, document: String, as user: User = .proxy, wrapping: [String] = []
  ) throws(TestNetworkError) {
    try self.init(
      in: pod, reading: Scratch.file("config.yaml", document), as: user, wrapping: wrapping)
  }

  /// - Parameters:
  ///   - path: of the configuration, which the test may change.
  ///   - options: of `run`.
  ///   - environment: variables beside the usual ones.
  package init(
    in pod: NetworkNamespace, reading path: String, as user: User = .proxy,
    wrapping: [String] = [], options: [String] = [], environment: [String: String] = [:]
  ) throws(TestNetworkError) {
    process = try pod.start(
      wrapping + [try Binary.sidecar.path, "run", "--config", path] + options, as: user,
      environment: environment)
    try process.waitUntilListening(15001)
  }

  /// The audit records so far, once there are at least `count`. Anything else on standard output
  /// is an error.
  package func records(atLeast count: Int) throws(TestNetworkError) -> [AuditRecord] {
    try Self.parse(process.waitForLines(count))
  }

  /// Stops the sidecar by SIGTERM, as a pod's end does, and returns all it has recorded, so that a
  /// test can say "exactly these".
  ///
  /// - Parameter file: where it writes its records, if that isn't standard output.
  package func drain(
    timeout: Double = 35, fromFile file: String? = nil
  ) throws(TestNetworkError) -> (records: [AuditRecord], status: Int32) {
    process.signal(SIGTERM)
    let finished = try process.wait(timeout: timeout)
    var lines = finished.lines
    if let file {
      let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
      lines = text.split(separator: "\n").map(String.init)
    }
    return (try Self.parse(lines), finished.status)
  }

  private static func parse(_ lines: [String]) throws(TestNetworkError) -> [AuditRecord] {
    var records: [AuditRecord] = []
    for line in lines {
      guard let record = AuditRecord(line) else {
        throw .command(["audit log"], status: 1, output: "not a JSON object: \(line)")
      }
      records.append(record)
    }
    return records
  }
}

/// portarium-init in a pod, as an init container runs it.
package enum InitContainer {
  /// Runs `portarium-init VERB --config FILE` with the document and returns how it ended.
  @discardableResult
  package static func run(
    _ verb: String, in pod: NetworkNamespace, document: String, as user: User = .initContainer
  ) throws(TestNetworkError) -> Finished {
    let path = Scratch.file("config.yaml", document)
    return try pod.run([try Binary.initContainer.path, verb, "--config", path], as: user)
  }
}
