internal import COpenSSL

/// A private key. The one owner of a reference to OpenSSL's object, which clears the key's numbers
/// when the last reference goes.
///
/// Sendable: OpenSSL guards a key's use from several threads itself; nothing here changes it.
@safe final class PrivateKey: @unchecked Sendable {
  /// An `EVP_PKEY *`, valid as long as this object.
  let raw: OpaquePointer

  private init(owning raw: OpaquePointer) { unsafe self.raw = raw }

  deinit { unsafe EVP_PKEY_free(raw) }

  /// Largest text of a key: RSA with 16,384 bits has some 13 KB.
  static let maximumBytes = 64 << 10

  /// The first private key of a PEM text, in PKCS#8 or the older forms, not encrypted.
  convenience init(pem: [UInt8]) throws(SVIDError) {
    _ = KeyMemory.isGuarded
    guard pem.count <= Self.maximumBytes else { throw .tooLarge }
    let raw = unsafe KeyMemory.reading {
      unsafe MemoryBIO.reading(pem) { bio in
        unsafe PEM_read_bio_PrivateKey(bio, nil, noPassword, nil)
      }
    }
    ErrorQueue.clear()
    guard let raw = unsafe raw else {
      throw Self.mentionsEncryption(pem) ? .encryptedKey : .malformedKey
    }
    unsafe self.init(owning: raw)
  }

  /// A key in DER: PKCS#8, as the Workload API sends it.
  convenience init(der: [UInt8]) throws(SVIDError) {
    _ = KeyMemory.isGuarded
    guard der.count <= Self.maximumBytes else { throw .tooLarge }
    guard !der.isEmpty else { throw .malformedKey }
    let (raw, isWhole) = unsafe der.withUnsafeBufferPointer { bytes in
      // d2i_AutoPrivateKey moves `next` on by what it took, at most the given length.
      var next = bytes.baseAddress
      let raw = unsafe KeyMemory.reading { unsafe d2i_AutoPrivateKey(nil, &next, bytes.count) }
      return unsafe (raw, next == bytes.baseAddress! + bytes.count)
    }
    ErrorQueue.clear()
    guard let raw = unsafe raw else { throw .malformedKey }
    unsafe self.init(owning: raw)
    guard isWhole else { throw .malformedKey }
  }

  /// Both forms of encrypted keys say so before the key (RFC 1421 §4.6.1.1, RFC 7468 §11).
  private static func mentionsEncryption(_ pem: [UInt8]) -> Bool {
    let word = Array("ENCRYPTED".utf8)
    return pem.indices.contains { pem[$0...].starts(with: word) }
  }
}

/// OpenSSL's question for a password. Nobody is asked: its default would open the terminal.
func noPassword(
  _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, _: UnsafeMutableRawPointer?
) -> Int32 { -1 }
