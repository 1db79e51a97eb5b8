package import Addressing

/// The policy in force: an immutable list of rules, compiled for deciding.
///
/// Made by the control thread, read by every worker at once; deciding neither allocates nor
/// touches a reference count.
package final class Ruleset: Sendable {
  /// In the order in which they are tried; `Permit.ruleIndex` and `NearestMiss.ruleIndex` point
  /// into it.
  package let rules: [Rule]
  package let enforcementMode: EnforcementMode

  package init(rules: [Rule], enforcementMode: EnforcementMode) {
    self.rules = rules
    self.enforcementMode = enforcementMode
  }

  /// Judges a flow whose first bytes are known: the first rule whose host, port and method all
  /// match allows it, and where none does it is refused with its nearest miss.
  package func decide(_ flow: borrowing Flow) -> Verdict {
    .deny(Denial(.hostNotAllowed))
  }

  /// Judges a connection before any byte of it is read; nil where its bytes must be seen first.
  ///
  /// Non-nil only where the first rule that could still match names the address and the port and
  /// has no `allowedMethods`: for protocols in which the server speaks first.
  package func decideWithoutPeeking(_ destination: OriginalDestination) -> Verdict? {
    nil
  }
}
