internal import Configuration
internal import Kernel

extension Verification {
  /// Looks at everything that can be seen from this process, in at most five seconds.
  ///
  /// - Parameter plan: completed by what only the machine knows, as `apply` does.
  package static func run(_ plan: CapturePlan) -> Verification {
    let deadline = Instant.now() + 4_800_000_000
    let process = ProcessRights.own()
    var verification = Verification(checks: [rules(plan)])
    if plan.capture.gateway != nil {
      verification.checks.append(
        Check(
          name: "traffic of others is captured",
          outcome: .skipped("their packets can't be made from here")))
    } else if let name = process?.proxyIdentity(plan) {
      verification.checks.append(
        Check(
          name: "connections are captured",
          outcome: .notPermitted(
            "this process has the proxy's \(name), whose connections aren't: run it as another")))
    } else {
      verification.checks += ProbeConnections(plan: plan, deadline: deadline).checks()
    }
    verification.warnings = process?.warnings(for: plan) ?? []
    return verification
  }

  private static func rules(_ plan: CapturePlan) -> Check {
    let name = "the rules are those of the document"
    do throws(DumpError) {
      let difference = try RulesetDifference.now(from: plan)
      return Check(
        name: name,
        outcome: difference.isEmpty
          ? .passed : .failed("they differ, as portarium-init diff shows in full"))
    } catch .notPermitted {
      return Check(name: name, outcome: .notPermitted("reading them needs CAP_NET_ADMIN"))
    } catch {
      return Check(name: name, outcome: .failed(error.description))
    }
  }
}
