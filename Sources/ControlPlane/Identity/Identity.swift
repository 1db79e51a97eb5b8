package import TLS

/// What the process proves itself with, and whom it trusts: all of it from one source at one time.
/// Immutable; its key leaves memory when the last holder lets go.
package struct Identity: Sendable {
  package enum Source: String, Sendable, CaseIterable {
    case files
    case workloadAPI
  }

  package let svid: X509SVID
  package let bundles: TrustBundles
  /// For connections that come in: the peer must present an SVID that `bundles` vouch for.
  package let inbound: TLSContext
  /// For connections to other workloads, likewise.
  package let mutual: TLSContext
  package let source: Source
  /// What the operator says that this identity is for; empty where nothing is said. Never acted upon.
  package let hint: String
  /// Nanoseconds since the Unix epoch.
  package let obtainedAt: UInt64

  /// - Throws: where OpenSSL refuses the chain or the key, as it does with one that is too short.
  init(
    _ svid: X509SVID, _ bundles: TrustBundles, source: Source, hint: String = "", at time: UInt64
  ) throws(IdentityFailure) {
    do throws(TLSError) {
      inbound = try .inbound(svid: svid, bundles: bundles)
      mutual = try .mutual(svid: svid, bundles: bundles)
    } catch {
      throw .context(error)
    }
    self.svid = svid
    self.bundles = bundles
    self.source = source
    self.hint = hint
    obtainedAt = time
  }

  /// Nothing may be accepted or presented with it any more.
  ///
  /// - Parameter time: nanoseconds since the Unix epoch.
  package func hasExpired(at time: UInt64) -> Bool { time >= svid.notAfter }
}
