/// What a request that could not be read as one is answered with. The raw value is the status.
package enum RequestFault: UInt16, CaseIterable, Sendable {
  case badRequest = 400
  /// The head did not arrive within its deadline.
  case requestTimeout = 408
  case contentTooLarge = 413
  case targetTooLong = 414
  /// The head has too many bytes or too many fields.
  case headTooLarge = 431
  /// A method or a transfer coding beyond what can be judged.
  case notImplemented = 501
  case versionNotSupported = 505

  var statusLine: String {
    switch self {
    case .badRequest: "400 Bad Request"
    case .requestTimeout: "408 Request Timeout"
    case .contentTooLarge: "413 Content Too Large"
    case .targetTooLong: "414 URI Too Long"
    case .headTooLarge: "431 Request Header Fields Too Large"
    case .notImplemented: "501 Not Implemented"
    case .versionNotSupported: "505 HTTP Version Not Supported"
    }
  }

  var sentence: String {
    switch self {
    case .badRequest: "The request is malformed or leaves open whom it is for."
    case .requestTimeout: "The request did not arrive in time."
    case .contentTooLarge: "The request's body is too large."
    case .targetTooLong: "The request's target is too long."
    case .headTooLarge: "The request's header fields are too large or too many."
    case .notImplemented: "The request's method or transfer coding is not supported."
    case .versionNotSupported: "The request's HTTP version is not supported."
    }
  }
}
