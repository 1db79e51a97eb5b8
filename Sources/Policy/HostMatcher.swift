package import Addressing

/// Which hosts a rule is about: the meaning of its `hostPattern`.
///
/// The first three match the name seen in a flow and nothing else, `block` matches the original
/// destination's address and nothing else.
package enum HostMatcher: Hashable, Sendable {
  /// This name.
  case exact(HostName)
  /// `*.suffix`: every name below the suffix at any depth, never the suffix itself.
  case below(HostName)
  /// `*`: every flow that carries a name.
  case anyName
  /// The addresses of this block. IPv4-mapped blocks are stored as the IPv4 block they lead to.
  case block(CIDR)
}

/// A host pattern that was understood, and what its author should hear about it.
package struct HostPattern: Sendable {
  package let matcher: HostMatcher
  package let warnings: [HostPatternWarning]

  package init(matcher: HostMatcher, warnings: [HostPatternWarning] = []) {
    self.matcher = matcher
    self.warnings = warnings
  }
}

/// Why a pattern that is accepted may be wider than its author thinks.
package enum HostPatternWarning: Hashable, Sendable {
  /// `*` alone: every host that has a name.
  case anyName
  /// A wildcard on a suffix under which anyone can get a name (`*.github.io`).
  case sharedSuffix(HostName)
}
