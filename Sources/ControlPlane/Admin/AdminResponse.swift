import Telemetry

/// A response of the admin interface, body included.
package struct AdminResponse: Sendable {
  package var status: Int
  package var contentType: String
  package var body: [UInt8]
  /// The value of `allow`, which a 405 must have (RFC 9110 §15.5.6).
  package var allow: String?

  init(status: Int, contentType: String = "application/json", body: borrowing TextBuffer) {
    self.status = status
    self.contentType = contentType
    let bytes = body.bytes
    self.body = bytes.indices.map { bytes[$0] }
  }

  /// - Parameters:
  ///   - error: what programs know it by.
  ///   - message: one sentence for people.
  static func failure(
    _ status: Int, _ error: StaticString, _ message: String? = nil
  ) -> AdminResponse {
    var body = TextBuffer()
    body.append(#"{"error":"\#(error)""#)
    if let message {
      body.append(#","message":""#)
      body.append(escaping: message)
      body.append("\"")
    }
    body.append("}\n")
    return AdminResponse(status: status, body: body)
  }

  static func wrongMethod(allow: String) -> AdminResponse {
    var response = failure(405, "MethodNotAllowed")
    response.allow = allow
    return response
  }
}
