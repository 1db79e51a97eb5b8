/// Why bytes are no request that may be forwarded. Each is an input on which another reader could
/// see a different request than we do, or one beyond our limits.
package enum RequestError: Error, Sendable, CaseIterable {
  // The request line
  case badMethod
  case methodTooLong
  case badTarget
  case targetTooLong
  /// No version, as in HTTP/0.9, or something else in its place.
  case badVersion
  case unsupportedVersion
  // Lines
  /// LF without CR, or CR without LF.
  case bareLineEnd
  /// A field line that begins with white space (obs-fold, RFC 9112 §5.2).
  case foldedLine
  case spaceBeforeColon
  case badFieldName
  /// A control byte in a value.
  case badFieldValue
  case headTooLarge
  case tooManyFields
  // The host
  case missingHost
  case repeatedHost
  case emptyHost
  case userinfoInHost
  case badHost
  case badPort
  /// Host differs from the target's authority.
  case hostDiffersFromTarget
  // The body
  case badContentLength
  case contentLengthTooLarge
  case repeatedContentLength
  case repeatedTransferEncoding
  case unknownTransferCoding
  case transferEncodingInHTTP10
  case contentLengthWithTransferEncoding
  case bodyOnConnect
  /// Connection names Host, Content-Length or Transfer-Encoding, or what is added here (trace context,
  /// reserved fields), so that the next hop drops it.
  case connectionDropsField

  /// The status to answer with.
  package var status: UInt16 {
    switch self {
    case .contentLengthTooLarge: 413
    case .targetTooLong: 414
    case .headTooLarge, .tooManyFields: 431
    case .methodTooLong, .unknownTransferCoding: 501
    case .unsupportedVersion: 505
    default: 400
    }
  }

  /// The request is refused because it leaves open whom it is for.
  package var isAmbiguousHost: Bool {
    switch self {
    case .repeatedHost, .emptyHost, .userinfoInHost, .badHost, .badPort, .hostDiffersFromTarget:
      true
    default: false
    }
  }
}
