import Foundation

/// What a test needs from the machine. Used as `.enabled(if: Requirement.privileged)`.
///
/// Where CI runs (`CI=true`, or `PORTARIUM_REQUIRE_INTEGRATION=1`) a test is never skipped: the
/// requirement reads as met, the test starts, and the first namespace it asks for throws
/// `TestNetworkError.missing`, which names what the machine lacks.
package enum Requirement {
  /// Root, network namespaces, nftables and the programs the tests run.
  package static var privileged: Bool { missing.isEmpty || isRequired }

  /// Whether a missing capability must fail the tests instead of skipping them.
  package static var isRequired: Bool {
    let environment = ProcessInfo.processInfo.environment
    return environment["CI"] == "true" || environment["PORTARIUM_REQUIRE_INTEGRATION"] == "1"
  }

  /// Prometheus' promtool too.
  package static var promtool: Bool { (privileged && hasPromtool) || isRequired }

  private static var hasPromtool: Bool {
    let folders = ["/usr/local/bin", "/usr/bin"]
    return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/promtool") }
  }

  /// What the machine lacks, one phrase each; empty where everything is there. Found once per run.
  package static let missing: [String] = findMissing()

  static func check() throws(TestNetworkError) {
    if !missing.isEmpty { throw .missing(missing) }
  }

  private static let programs = [
    "/usr/sbin/ip", "/usr/sbin/nft", "/usr/sbin/nginx", "/usr/bin/openssl", "/usr/bin/curl",
    "/usr/bin/python3", "/usr/bin/setpriv", "/usr/bin/strace", "/usr/bin/node", "/usr/bin/wget",
    "/usr/bin/git", "/usr/lib/python3/dist-packages/aiohttp",
    "/usr/lib/python3/dist-packages/requests", "/usr/lib/python3/dist-packages/websockets",
  ]

  private static func findMissing() -> [String] {
    var missing = programs.filter { !FileManager.default.isExecutableFile(atPath: $0) }
    guard geteuid() == 0 else { return missing + ["root"] }
    guard missing.isEmpty else { return missing }
    let probe = "ptm-\(getpid())-probe"
    if !succeeds(["ip", "netns", "add", probe]) {
      missing.append("network namespaces (CAP_SYS_ADMIN)")
      return missing
    }
    if !succeeds(["ip", "netns", "exec", probe, "nft", "add", "table", "inet", "probe"]) {
      missing.append("nf_tables (CAP_NET_ADMIN and the kernel's CONFIG_NF_TABLES)")
    }
    _ = succeeds(["ip", "netns", "del", probe])
    return missing
  }

  private static func succeeds(_ command: [String]) -> Bool {
    (try? RunningProcess(command).wait())?.succeeded ?? false
  }
}

/// Why a test network could not be made or used.
package enum TestNetworkError: Error, CustomStringConvertible {
  /// The machine lacks these; the test must not be reported as passed.
  case missing([String])
  /// A command that the network is built with failed.
  case command([String], status: Int32, output: String)
  /// A program could not be started.
  case notStarted([String], reason: String)
  /// Something awaited did not happen in time.
  case timedOut(waitingFor: String, output: String)
  /// A process ended while something was expected of it.
  case ended(waitingFor: String, status: Int32, output: String)
  /// A built program is not where SwiftPM puts it.
  case noBinary(String, searched: [String])

  package var description: String {
    switch self {
    case .missing(let what): "this machine lacks: \(what.joined(separator: ", "))"
    case .command(let command, let status, let output):
      "`\(command.joined(separator: " "))` ended with \(status): \(output)"
    case .notStarted(let command, let reason):
      "`\(command.joined(separator: " "))` did not start: \(reason)"
    case .timedOut(let what, let output): "timed out waiting for \(what); so far: \(output)"
    case .ended(let what, let status, let output):
      "ended with \(status) while waiting for \(what): \(output)"
    case .noBinary(let name, let searched):
      "no \(name) in \(searched.joined(separator: ", ")): build it first"
    }
  }
}
