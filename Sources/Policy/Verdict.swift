package import Addressing

/// The right to open one connection, or to forward one request, to `destination`.
///
/// Only this module can make one, it can't be copied, and connecting consumes it: forwarding
/// without a decision doesn't compile.
package struct Permit: ~Copyable, Sendable {
  package let destination: OriginalDestination
  /// The rule that matched the flow, by its place in the `Ruleset` or, of what arrives from outside,
  /// in the `InboundPolicy`. Nil where none did: monitor mode let the flow pass, or its port is
  /// declared to be plain text.
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
  /// The nearest rule's own mode; nil where it has none, or there is no such rule: the document's
  /// holds.
  package let enforcementMode: EnforcementMode?
  /// When the flow would pass, where its rule's rate limit refused it: at least 1.
  package let retryAfterSeconds: Int?

  package init(
    _ reason: DenyReason, nearestMiss: NearestMiss? = nil,
    enforcementMode: EnforcementMode? = nil, retryAfterSeconds: Int? = nil
  ) {
    self.reason = reason
    self.nearestMiss = nearestMiss
    self.enforcementMode = enforcementMode
    self.retryAfterSeconds = retryAfterSeconds
  }
}

/// The rule that came closest to allowing a flow.
package struct NearestMiss: Sendable, Equatable {
  /// What the flow lacked, nearest first. Before the first two host, port and method matched;
  /// before `method` host and port did, before `port` only the host. Of what arrives from outside
  /// the peer takes the host's place.
  package enum Missed: Sendable {
    /// The rule was used too often.
    case rate
    /// The hello is encrypted in a way that the rule doesn't admit.
    case clientHello
    case method, port
  }

  /// A place in the policy that judged: `Ruleset` or `InboundPolicy`.
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
