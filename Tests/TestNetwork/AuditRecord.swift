import Foundation

/// One line of the audit log, read for assertions: the fields by the names users know.
package struct AuditRecord: Sendable, CustomStringConvertible {
  /// The line as written.
  package let line: String
  private let texts: [String: String]
  private let numbers: [String: Double]

  /// Nil where the line is not one JSON object.
  package init?(_ line: String) {
    guard
      let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    else { return nil }
    self.line = line
    var texts: [String: String] = [:]
    var numbers: [String: Double] = [:]
    for (key, value) in object {
      if let text = value as? String {
        texts[key] = text
      } else if let number = value as? NSNumber {
        numbers[key] = number.doubleValue
      }
    }
    self.texts = texts
    self.numbers = numbers
  }

  /// A field that is text; empty where it is absent.
  package subscript(text key: String) -> String { texts[key] ?? "" }
  /// A field that is a number (or `true` and `false` as 1 and 0).
  package subscript(number key: String) -> Double? { numbers[key] }

  package var decision: String { self[text: "policyDecision"] }
  package var reason: String { self[text: "policyReason"] }
  package var rule: String { self[text: "matchedRule"] }
  package var flowProtocol: String { self[text: "protocol"] }
  package var outcome: String { self[text: "outcome"] }
  package var host: String { self[text: "destinationHost"] }
  package var address: String { self[text: "destinationAddress"] }
  package var port: Int? { numbers["destinationPort"].map { Int($0) } }
  package var method: String { self[text: "httpMethod"] }
  package var status: Int? { numbers["responseStatus"].map { Int($0) } }
  package var sent: Int? { numbers["bytesSent"].map { Int($0) } }
  package var received: Int? { numbers["bytesReceived"].map { Int($0) } }

  package var description: String { line }
}
