import Addressing
import Policy
import Telemetry

/// What of the remembered denials is asked for: `GET /denials?sourcePort=…&host=…&reason=…&limit=…`.
struct DenialQuery {
  /// Why a query can't be answered: one sentence.
  struct Complaint: Error {
    let message: String
  }

  private var sourcePort: UInt16?
  /// Lower case, without a dot at the end.
  private var host: String?
  private var reason: DenyReason?
  private var limit = DenialLog.capacity

  init(_ request: AdminRequest) throws(Complaint) {
    guard let parameters = request.parameters else {
      throw Complaint(message: "the query isn't well-formed: a % stands before two hex digits")
    }
    var seen: Set<String> = []
    for (name, value) in parameters {
      if !seen.insert(name).inserted { throw Complaint(message: "a filter is given twice") }
      switch name {
      case "sourcePort":
        sourcePort = UInt16(try Self.number(value, name, in: 1...65535))
      case "limit":
        limit = try Self.number(value, name, in: 1...DenialLog.capacity)
      case "host": host = Self.normal(value)
      case "reason":
        guard let known = DenyReason(rawValue: value) else {
          let all = DenyReason.allCases.map(\.rawValue).joined(separator: ", ")
          throw Complaint(message: "there is no such reason; reason is one of \(all)")
        }
        reason = known
      default:
        throw Complaint(
          message: "there is no such filter: sourcePort, host, reason and limit are known")
      }
    }
  }

  /// Appends a JSON document.
  func append(from log: DenialLog, to text: inout TextBuffer) {
    text.append(#"{"denials":["#)
    for (index, denied) in log.latest(limit, where: matches).enumerated() {
      if index > 0 { text.append(",") }
      text.append("\n")
      denied.append(to: &text)
    }
    text.append("\n]}\n")
  }

  private func matches(_ denied: Denied) -> Bool {
    if let sourcePort, denied.source.endpoint.port != sourcePort { return false }
    if let reason, denied.reason != reason { return false }
    if let host {
      let name = denied.hostText
      let found =
        name.isEmpty ? denied.destination.map { "\($0.endpoint.address)" } ?? "" : name
      return Self.normal(found) == host
    }
    return true
  }

  private static func normal(_ host: String) -> String {
    let host = host.lowercased()
    return host.hasSuffix(".") ? String(host.dropLast()) : host
  }

  private static func number(
    _ text: String, _ name: String, in range: ClosedRange<Int>
  ) throws(Complaint) -> Int {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
      range.contains(number)
    else {
      throw Complaint(
        message: "\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }
}
