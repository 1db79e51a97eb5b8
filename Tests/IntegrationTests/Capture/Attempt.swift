import Foundation
import TestNetwork
import Testing

/// `probe.py` in any namespace.
enum Attempt {
  /// What came of one attempt: `connected: …`, `answer: N bytes`, `sent`, `error NAME`, `silent`.
  static func run(
    _ attempt: String, in place: NetworkNamespace, as user: User = .workload
  ) throws -> String {
    try start(attempt, in: place, as: user).wait().checked().lines.last ?? ""
  }

  static func start(
    _ attempt: String, in place: NetworkNamespace, as user: User = .workload
  ) throws -> RunningProcess {
    try place.start(
      ["/usr/bin/python3", Scratch.script("probe.py")]
        + attempt.split(separator: " ").map(String.init), as: user)
  }

  /// Each attempt must come out as said.
  static func expect(
    _ attempts: [(attempt: String, outcome: String)], in place: NetworkNamespace,
    as user: User = .workload, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for (attempt, outcome) in attempts {
      let seen = try run(attempt, in: place, as: user)
      #expect(seen == outcome, "\(attempt)", sourceLocation: sourceLocation)
    }
  }
}
