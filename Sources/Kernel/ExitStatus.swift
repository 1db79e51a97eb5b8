/// How both programs end. Scripts and pod specifications rely on these numbers.
package enum ExitStatus: Int32, Sendable {
  /// Done, or allowed.
  case done = 0
  /// Differs, not verified, or something denied.
  case refused = 1
  /// Wrong arguments or configuration.
  case badInput = 2
  case noPermission = 3
  /// The kernel lacks something that is needed.
  case unsupported = 4
  /// The kernel or the system refused a call, or a port is in use.
  case systemRefused = 5
  /// Interrupted, or drained by force.
  case interrupted = 6
}
