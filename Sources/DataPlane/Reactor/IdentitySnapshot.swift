package import TLS

/// Who this process is at one moment: what it presents, and by which roots it verifies others. Made
/// by the control plane; a rotation publishes another one, and connections keep what they began
/// with.
package struct IdentitySnapshot: Sendable {
  package var svid: X509SVID
  /// For connections from outside.
  package var inbound: TLSContext
  /// For connections to other workloads.
  package var mutual: TLSContext

  package init(svid: X509SVID, inbound: TLSContext, mutual: TLSContext) {
    self.svid = svid
    self.inbound = inbound
    self.mutual = mutual
  }
}
