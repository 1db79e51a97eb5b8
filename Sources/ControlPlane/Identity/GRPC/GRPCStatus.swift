internal import NIOHPACK

/// How a gRPC server says that a call ended.
struct GRPCStatus: Hashable, Sendable {
  /// The numbers of gRPC's status codes; others count as `unknown`.
  enum Code: Int, Hashable, Sendable, CaseIterable {
    case ok = 0
    case cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists
    case permissionDenied, resourceExhausted, failedPrecondition, aborted, outOfRange
    case unimplemented, `internal`, unavailable, dataLoss, unauthenticated

    /// As gRPC's documentation spells it.
    var name: String {
      switch self {
      case .ok: "OK"
      case .cancelled: "Cancelled"
      case .unknown: "Unknown"
      case .invalidArgument: "InvalidArgument"
      case .deadlineExceeded: "DeadlineExceeded"
      case .notFound: "NotFound"
      case .alreadyExists: "AlreadyExists"
      case .permissionDenied: "PermissionDenied"
      case .resourceExhausted: "ResourceExhausted"
      case .failedPrecondition: "FailedPrecondition"
      case .aborted: "Aborted"
      case .outOfRange: "OutOfRange"
      case .unimplemented: "Unimplemented"
      case .internal: "Internal"
      case .unavailable: "Unavailable"
      case .dataLoss: "DataLoss"
      case .unauthenticated: "Unauthenticated"
      }
    }
  }

  var code: Code
  /// For people, at most `longestMessage` characters without control characters; may be empty.
  var message = ""

  /// Of a peer's text, what is shown.
  static let longestMessage = 200

  /// Reads the fields that end a call: behind the messages, or in their place ("Trailers-Only").
  init(trailers: HPACKHeaders) {
    guard let text = trailers.first(name: "grpc-status") else {
      self.init(code: .unknown, message: "the answer ends without a status")
      return
    }
    self.init(
      code: Int(text).flatMap(Code.init) ?? .unknown,
      message: trailers.first(name: "grpc-message").map(Self.decoded) ?? "")
  }

  init(code: Code, message: String) {
    self.code = code
    self.message = message
  }

  /// For an answer that doesn't come from gRPC but, say, from a proxy: nil where it does
  /// (gRPC's "HTTP to gRPC Status Code Mapping").
  init?(head: HPACKHeaders) {
    let status = head.first(name: ":status") ?? ""
    let type = head.first(name: "content-type")?.lowercased() ?? ""
    guard status != "200" || !type.hasPrefix("application/grpc") else { return nil }
    let code: Code =
      switch status {
      case "400": .internal
      case "401": .unauthenticated
      case "403": .permissionDenied
      case "404": .unimplemented
      case "429", "502", "503", "504": .unavailable
      default: .unknown
      }
    self.init(
      code: code, message: "the answer is not gRPC's: HTTP status \(Self.shown(status))")
  }

  /// Percent-encoded UTF-8; what is wrongly encoded stands for itself.
  private static func decoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
      if byte == UInt8(ascii: "%"), digits.count == 2 {
        bytes.append(UInt8(digits[0] << 4 | digits[1]))
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return shown(String(decoding: bytes, as: UTF8.self))
  }

  private static func shown(_ text: String) -> String {
    let printable = text.unicodeScalars.map { scalar -> Character in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: " "
      default: Character(scalar)
      }
    }
    return String(printable.prefix(longestMessage))
  }
}

extension GRPCStatus: CustomStringConvertible {
  var description: String { message.isEmpty ? code.name : "\(code.name): \(message)" }
}
