/// What `verify` found out: whether the rules are as desired, and where connections really go.
package struct Verification: Hashable, Sendable {
  package struct Check: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
      case passed
      case failed(String)
      /// It says nothing here, for a reason that is no fault.
      case skipped(String)
      /// Nobody could tell: a right is missing.
      case notPermitted(String)
    }

    /// A few words, such as `TCP over IPv4 is captured`.
    package var name: String
    package var outcome: Outcome
  }

  package var checks: [Check]
  /// What this container may do that a workload shouldn't.
  package var warnings: [String] = []

  package enum Verdict: Hashable, Sendable { case verified, notVerified, notPermitted }

  /// Nothing failed and something passed. Where a missing right left nothing to judge by, that.
  package var verdict: Verdict {
    if checks.contains(where: { $0.outcome.isFailure }) { return .notVerified }
    if checks.contains(where: { $0.outcome == .passed }) { return .verified }
    return checks.contains(where: { $0.outcome.isNotPermitted }) ? .notPermitted : .notVerified
  }

  /// What holds only if the pod's manifest sees to it.
  static let unknown = [
    "a file in the workload's image that is setuid to the proxy's uid",
    "capabilities of the workload's own container",
  ]
}

extension Verification.Check.Outcome {
  fileprivate var isFailure: Bool {
    if case .failed = self { true } else { false }
  }
  fileprivate var isNotPermitted: Bool {
    if case .notPermitted = self { true } else { false }
  }

  fileprivate var word: String {
    switch self {
    case .passed: "ok"
    case .failed: "failed"
    case .skipped: "skipped"
    case .notPermitted: "not permitted"
    }
  }

  fileprivate var detail: String? {
    switch self {
    case .passed: nil
    case .failed(let why), .skipped(let why), .notPermitted(let why): why
    }
  }
}

extension Verification {
  /// A line for each check, the warnings, what can't be known, and the verdict.
  package var text: String {
    var lines = checks.map { check in
      "\(check.outcome.word): \(check.name)\(check.outcome.detail.map { ": \($0)" } ?? "")"
    }
    lines += warnings.map { "warning: \($0)" }
    lines.append("not known from here: \(Self.unknown.joined(separator: "; "))")
    lines.append("\(verdict.sentence)")
    return lines.map { $0 + "\n" }.joined()
  }

  /// One object on one line, with a line feed.
  package var json: String {
    ([
      "verified": .bool(verdict == .verified),
      "checks": .array(
        checks.map { check in
          .fields([
            "name": .string(check.name), "outcome": .string(check.outcome.word),
            "detail": check.outcome.detail.map { .string($0) },
          ])
        }),
      "warnings": .array(warnings.map { .string($0) }),
      "unknown": .array(Self.unknown.map { .string($0) }),
    ] as JSON).text + "\n"
  }
}

extension Verification.Verdict {
  fileprivate var sentence: String {
    switch self {
    case .verified: "verified"
    case .notVerified: "not verified"
    case .notPermitted: "not verified: the rights are missing to find anything out"
    }
  }
}
