package import Addressing

/// The right to open one connection, or to forward one request, to `destination`.
///
/// Only this module can make one, it can't be copied, and connecting consumes it: forwarding
/// without a decision doesn't compile.
package struct Permit: ~Copyable, Sendable {
  package let destination: OriginalDestination
  /// The rule that allowed the flow: an index into `Ruleset.rules`. Nil where none did and
  /// monitor mode let the flow pass.
  package let ruleIndex: Int?

  internal init(destination: OriginalDestination, ruleIndex: Int?) {
    self.destination = destination
    self.ruleIndex = ruleIndex
  }
}

/// A refusal and, where a rule came close, which one and by what it missed.
package struct Denial: Sendable, Equatable {
  package let reason: DenyReason
  package let nearestMiss: NearestMiss?

  package init(_ reason: DenyReason, nearestMiss: NearestMiss? = nil) {
    self.reason = reason
    self.nearestMiss = nearestMiss
  }
}

/// The rule that came closest to allowing a flow.
package struct NearestMiss: Sendable, Equatable {
  /// What the flow lacked, nearest first: host and port matched, only the host matched.
  package enum Missed: Sendable { case method, port }

  /// An index into `Ruleset.rules`.
  package let ruleIndex: Int
  package let missed: Missed

  package init(ruleIndex: Int, missed: Missed) {
    self.ruleIndex = ruleIndex
    self.missed = missed
  }
}

/// The outcome of judging a flow.
package enum Verdict: ~Copyable, Sendable {
  /// `wouldDeny` is set in monitor mode where the allowlist would have refused the flow.
  case allow(Permit, wouldDeny: Denial?)
  case deny(Denial)
}

/// What can be said of a name before anyone knows its address.
package enum Prospect: Sendable, Equatable {
  /// `rule` allows the name, or there is none and monitor mode will let it pass. No permit: the
  /// address is judged too.
  case mayPass(rule: Int?, wouldDeny: Denial?)
  case deny(Denial)
}

/// Whether a refusal by the allowlist is carried out or only written down.
package enum EnforcementMode: String, CaseIterable, Sendable {
  case enforce, monitor
}
