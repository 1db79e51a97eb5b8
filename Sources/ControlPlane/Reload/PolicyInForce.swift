package import Configuration
package import Policy
import Synchronization

/// What the process goes by: the document it was started with, and what reloads have changed of it.
/// Any thread may ask; the control thread changes it.
package final class PolicyInForce: Sendable {
  package struct Snapshot: Sendable {
    /// Keys that need a restart have the values that they were started with.
    package var document: Document
    package var ruleset: Ruleset
  }

  private let state: Mutex<Snapshot>

  package init(_ document: Document) {
    state = Mutex(Snapshot(document: document, ruleset: document.ruleset()))
  }

  package var now: Snapshot { state.withLock { $0 } }

  /// Lets `document` take effect, as far as it can, and gives what is in force from now on.
  func change(to document: Document) -> Snapshot {
    let old = now
    let new = Snapshot(
      document: old.document.reloaded(as: document),
      ruleset: document.ruleset(carryingOver: old.ruleset))
    state.withLock { $0 = new }
    return new
  }
}

extension Document {
  /// The whole policy, compiled.
  fileprivate func ruleset(carryingOver old: Ruleset? = nil) -> Ruleset {
    Ruleset(
      rules: egress.rules, policies: egress.policies, enforcementMode: enforcementMode,
      carryingOver: old)
  }
}
