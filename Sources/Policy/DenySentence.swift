extension DenyReason {
  /// One sentence, with its full stop, that tells a person what was refused and why. `flow` is nil
  /// where the connection ended before there was one.
  package func sentence(for flow: Flow?) -> String {
    rawValue
  }
}
