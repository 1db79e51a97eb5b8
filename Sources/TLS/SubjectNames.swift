internal import Addressing
internal import COpenSSL

/// The URI names of a certificate's subject alternative name extension.
struct SubjectNames {
  private(set) var uris: [[UInt8]] = []
  private(set) var isCritical = false

  /// - Parameter raw: an `X509 *` that lives as long as the call.
  @unsafe static func read(_ raw: OpaquePointer) throws(PeerError) -> SubjectNames {
    var critical: Int32 = 0
    guard
      let names = unsafe OpaquePointer(
        X509_get_ext_d2i(raw, NID_subject_alt_name, &critical, nil))
    else {
      ErrorQueue.clear()
      // -1: there is none; -2: there are two; else it can't be read.
      if critical == -1 { return SubjectNames() }
      throw .malformedCertificate
    }
    // A list that was made for us, and that nothing else refers to.
    defer { unsafe GENERAL_NAMES_free(names) }
    var found = SubjectNames()
    found.isCritical = critical == 1
    for index in 0..<(unsafe OPENSSL_sk_num(names)) {
      let name = unsafe OPENSSL_sk_value(names, index).assumingMemoryBound(to: GENERAL_NAME.self)
      guard unsafe name.pointee.type == GEN_URI else { continue }
      // The member of the union that the type names; the bytes live as long as the list.
      let text = unsafe name.pointee.d.uniformResourceIdentifier
      let bytes = unsafe UnsafeBufferPointer(
        start: ASN1_STRING_get0_data(text), count: Int(ASN1_STRING_length(text)))
      found.uris.append(unsafe Array(bytes))
    }
    return found
  }

  /// The one SPIFFE ID (§2).
  func onlyID() throws(PeerError) -> SPIFFEID {
    guard let uri = uris.first else { throw .noURIName }
    guard uris.count == 1 else { throw .severalURINames }
    do throws(SPIFFEIDError) {
      return try SPIFFEID(bytes: uri)
    } catch {
      throw .invalidID(error)
    }
  }
}
