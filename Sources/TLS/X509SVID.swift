package import Addressing
internal import COpenSSL

/// What a workload proves itself with: a chain, leaf first, and its key, checked by the rules for
/// X.509-SVIDs. Immutable; any thread may use it. The key's numbers are cleared from memory when
/// this object and every `TLSContext` made with it, sessions included, are gone.
package final class X509SVID: Sendable {
  package let id: SPIFFEID
  /// When the leaf becomes valid and stops being so, in nanoseconds since the epoch.
  package let notBefore: UInt64
  package let notAfter: UInt64
  /// SHA-256 of the leaf in DER, 32 bytes: `x5t#S256` of RFC 8705.
  package let fingerprint: [UInt8]
  /// In upper-case hexadecimal.
  package let serialNumber: String
  /// The leaf's distinguished name (RFC 2253); often empty.
  package let subject: String

  let pair: KeyPair

  /// - Parameters:
  ///   - chainPEM: the leaf first.
  ///   - keyPEM: not encrypted. Callers wipe their copy afterwards.
  package convenience init(chainPEM: [UInt8], keyPEM: [UInt8]) throws(SVIDError) {
    try self.init(KeyPair(chainPEM: chainPEM, keyPEM: keyPEM))
  }

  /// - Parameters:
  ///   - chainDER: certificates one after the other, the leaf first.
  ///   - keyDER: in PKCS#8. Callers wipe their copy afterwards.
  package convenience init(chainDER: [UInt8], keyDER: [UInt8]) throws(SVIDError) {
    try self.init(KeyPair(chainDER: chainDER, keyDER: keyDER))
  }

  private init(_ pair: KeyPair) throws(SVIDError) {
    do throws(PeerError) {
      id = try unsafe LeafRules.check(pair.leaf.raw)
    } catch {
      throw .leaf(error)
    }
    let fields = unsafe pair.leaf.fields
    unsafe notBefore = fields.notBefore
    unsafe notAfter = fields.notAfter
    unsafe fingerprint = fields.fingerprint
    unsafe serialNumber = fields.serialNumber
    unsafe subject = fields.subject
    self.pair = pair
  }
}

/// A client certificate that need not be an SVID, for servers of the web's kind.
package struct ClientCertificate: Sendable {
  let pair: KeyPair

  /// - Parameters:
  ///   - chainPEM: the leaf first.
  ///   - keyPEM: not encrypted. Callers wipe their copy afterwards.
  package init(chainPEM: [UInt8], keyPEM: [UInt8]) throws(SVIDError) {
    pair = try KeyPair(chainPEM: chainPEM, keyPEM: keyPEM)
  }

  /// An SVID, presented to a server that is no workload (RFC 8705).
  package init(_ svid: X509SVID) { pair = svid.pair }

  /// When the leaf stops being valid, in nanoseconds since the epoch.
  package var notAfter: UInt64 { unsafe pair.leaf.fields.notAfter }
}
