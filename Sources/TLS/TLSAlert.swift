/// The fatal alerts of TLS (RFC 8446 §6.2, RFC 5246 §7.2) by their numbers.
package enum TLSAlert: UInt8, Hashable, Sendable, CaseIterable {
  case unexpectedMessage = 10
  case badRecordMAC = 20
  case decryptionFailed = 21
  case recordOverflow = 22
  case decompressionFailure = 30
  case handshakeFailure = 40
  case noCertificate = 41
  case badCertificate = 42
  case unsupportedCertificate = 43
  case certificateRevoked = 44
  case certificateExpired = 45
  case certificateUnknown = 46
  case illegalParameter = 47
  case unknownCA = 48
  case accessDenied = 49
  case decodeError = 50
  case decryptError = 51
  case exportRestriction = 60
  case protocolVersion = 70
  case insufficientSecurity = 71
  case internalError = 80
  case inappropriateFallback = 86
  case userCanceled = 90
  case noRenegotiation = 100
  case missingExtension = 109
  case unsupportedExtension = 110
  case certificateUnobtainable = 111
  case unrecognizedName = 112
  case badCertificateStatusResponse = 113
  case badCertificateHashValue = 114
  case unknownPSKIdentity = 115
  case certificateRequired = 116
  case noApplicationProtocol = 120

  /// The name in the RFCs' registry, such as `certificate_expired`.
  package var name: String {
    switch self {
    case .badRecordMAC: return "bad_record_mac"
    case .unknownCA: return "unknown_ca"
    case .unknownPSKIdentity: return "unknown_psk_identity"
    default:
      var text = ""
      for character in "\(self)" {
        if character.isUppercase { text += "_" }
        text += character.lowercased()
      }
      return text
    }
  }
}
