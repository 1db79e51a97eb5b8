/// How a record is written, one JSON object a line either way.
package enum AuditFormat: String, CaseIterable, Sendable {
  /// The record itself.
  case json
  /// The record as the data of a CloudEvent.
  case cloudEvents = "cloudevents"
}
