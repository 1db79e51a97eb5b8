internal import COpenSSL

/// A chain, leaf first, and the key of its leaf.
struct KeyPair: Sendable {
  let leaf: Certificate
  let intermediates: [Certificate]
  let key: PrivateKey

  init(_ chain: [Certificate], _ key: PrivateKey) throws(SVIDError) {
    guard let leaf = chain.first else { throw .noCertificate }
    let isPair = unsafe X509_check_private_key(leaf.raw, key.raw) == 1
    ErrorQueue.clear()
    guard isPair else { throw .keyMismatch }
    self.leaf = leaf
    self.key = key
    intermediates = Array(chain.dropFirst())
  }

  init(chainPEM: [UInt8], keyPEM: [UInt8]) throws(SVIDError) {
    try self.init(Certificate.all(pem: chainPEM), PrivateKey(pem: keyPEM))
  }

  init(chainDER: [UInt8], keyDER: [UInt8]) throws(SVIDError) {
    try self.init(Certificate.all(der: chainDER), PrivateKey(der: keyDER))
  }
}
