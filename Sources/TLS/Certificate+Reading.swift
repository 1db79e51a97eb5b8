internal import COpenSSL

// Certificates from PEM and DER.
extension Certificate {
  /// Larger texts are refused before they are parsed: a chain has a few kilobytes, a system's list
  /// of authorities some 250.
  static let maximumBytes = 4 << 20

  /// Every certificate of a PEM text, in its order. Other blocks and text between them are skipped,
  /// as everybody does; a block that doesn't end, or that can't be read, refuses the whole text.
  static func all(pem: [UInt8]) throws(SVIDError) -> [Certificate] {
    _ = KeyMemory.isGuarded
    guard pem.count <= maximumBytes else { throw .tooLarge }
    guard hasWholeBlocks(pem) else { throw .malformed }
    return try unsafe MemoryBIO.reading(pem) { bio throws(SVIDError) in
      var found: [Certificate] = []
      while let raw = unsafe PEM_read_bio_X509(bio, nil, noPassword, nil) {
        found.append(unsafe Certificate(owning: raw))
      }
      // The search for another block ends with this; everything else is a block that is wrong.
      let reason = ErrorQueue.take().last
      guard reason?.library == ERR_LIB_PEM, reason?.reason == PEM_R_NO_START_LINE else {
        throw .malformed
      }
      guard !found.isEmpty else { throw .noCertificate }
      return found
    }
  }

  /// Certificates one after the other, as the Workload API sends them.
  static func all(der: [UInt8]) throws(SVIDError) -> [Certificate] {
    _ = KeyMemory.isGuarded
    guard der.count <= maximumBytes else { throw .tooLarge }
    guard !der.isEmpty else { throw .noCertificate }
    var found: [Certificate] = []
    var isWhole = true
    unsafe der.withUnsafeBufferPointer { bytes in
      // d2i_X509 moves `next` on by what it took, never past `end`, which it is given as a length.
      var next = bytes.baseAddress
      let end = unsafe bytes.baseAddress! + bytes.count
      while unsafe next! < end {
        guard let raw = unsafe d2i_X509(nil, &next, end - next!) else {
          isWhole = false
          return
        }
        found.append(unsafe Certificate(owning: raw))
      }
    }
    ErrorQueue.clear()
    guard isWhole else { throw .malformed }
    return found
  }

  /// The bytes of each certificate in DER.
  var der: [UInt8] {
    var bytes: UnsafeMutablePointer<UInt8>? = nil
    let count = unsafe i2d_X509(raw, &bytes)
    guard count > 0, let bytes = unsafe bytes else { return [] }
    // OpenSSL allocated `count` bytes for us.
    defer { unsafe CRYPTO_free(bytes, "", 0) }
    return unsafe Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
  }

  /// Whether each line that begins a block has one that ends it: a file that is still being written
  /// may break off inside the line that begins the next block, which would then be skipped as text.
  private static func hasWholeBlocks(_ pem: [UInt8]) -> Bool {
    var lines = 0
    var isLineStart = true
    for index in pem.indices {
      if isLineStart, pem[index] == UInt8(ascii: "-"), pem[index...].starts(with: dashes) {
        lines += 1
      }
      isLineStart = pem[index] == UInt8(ascii: "\n") || pem[index] == UInt8(ascii: "\r")
    }
    return lines % 2 == 0
  }

  private static let dashes = Array("-----".utf8)
}
