internal import Policy

/// The JSON Schema of an audit record, made of the lists that the encoder writes by.
package enum AuditRecordSchema {
  /// The schema as `docs/schema/audit-record.json` has it: JSON Schema of 2020-12, indented by two
  /// spaces, with a final line end.
  package static var text: String { schema.text + "\n" }

  /// What every record has, whatever became of its flow.
  package static let alwaysWritten: [AuditField] = [
    .timestamp, .auditId, .workspaceId, .workerId, .direction, .enforcementMode, .enforced,
    .policyDecision, .protocol, .sourceAddress, .sourcePort, .outcome, .bytesSent,
    .bytesReceived, .latencyMs,
  ]

  private static var schema: SchemaNode {
    .object([
      ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
      ("title", .text("portarium audit record")),
      (
        "description",
        .text(
          "One line of the audit log: one connection or, for HTTP/1, one request. Fields may be added."
        )
      ),
      ("type", .text("object")),
      ("required", .texts(alwaysWritten.map(\.rawValue))),
      ("properties", .object(AuditField.allCases.map { ($0.rawValue, $0.schema) })),
      // What was refused has a reason, what was allowed has none.
      (
        "if",
        .object([
          (
            "properties",
            .object([
              (
                AuditField.policyDecision.rawValue,
                .object([("const", .text(AuditRecord.Decision.deny.rawValue))])
              )
            ])
          )
        ])
      ),
      ("then", .object([("required", .texts([AuditField.policyReason.rawValue]))])),
      (
        "else",
        .object([
          ("properties", .object([(AuditField.policyReason.rawValue, .boolean(false))]))
        ])
      ),
      ("$defs", .object([("cloudEvent", cloudEvent)])),
    ])
  }

  private static var cloudEvent: SchemaNode {
    .object([
      (
        "description",
        .text("The line where audit.format is cloudevents: a CloudEvent 1.0 around the record.")
      ),
      ("type", .text("object")),
      (
        "required",
        .texts(["specversion", "type", "source", "id", "time", "datacontenttype", "data"])
      ),
      (
        "properties",
        .object([
          ("specversion", .object([("const", .text("1.0"))])),
          ("type", .object([("const", .text(AuditEncoder.eventType))])),
          ("source", .string(pattern: "^/workspaces/[^/]+/workers/[0-9]+$")),
          ("id", AuditField.auditId.schema),
          ("time", AuditField.timestamp.schema),
          ("datacontenttype", .object([("const", .text("application/json"))])),
          ("data", .object([("$ref", .text("#"))])),
        ])
      ),
    ])
  }
}

extension AuditField {
  /// What the field's value is.
  fileprivate var schema: SchemaNode {
    switch self {
    case .timestamp:
      .string(
        pattern: #"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z$"#,
        format: "date-time")
    case .auditId:
      .string(
        pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        format: "uuid")
    case .direction: .oneOf(AuditRecord.Direction.self)
    case .enforcementMode: .oneOf(EnforcementMode.self)
    case .policyDecision: .oneOf(AuditRecord.Decision.self)
    case .policyReason: .oneOf(DenyReason.self)
    case .protocol: .oneOf(AuditRecord.ApplicationProtocol.self)
    case .outcome: .oneOf(AuditRecord.Outcome.self)
    case .enforced: .object([("type", .text("boolean"))])
    case .workspaceId, .matchedRule, .policy, .sourceAddress, .destinationAddress,
      .destinationHost, .httpMethod, .httpPath, .tlsFailure:
      .object([("type", .text("string")), ("minLength", .integer(1))])
    case .agentSpiffeId, .peerSpiffeId: .string(pattern: "^spiffe://[a-z0-9._-]+/")
    case .traceparent: .string(pattern: "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
    case .workerId, .bytesSent, .bytesReceived: .integer(from: 0)
    case .sourcePort, .destinationPort: .integer(from: 0, to: 65535)
    case .responseStatus: .integer(from: 100, to: 999)
    case .latencyMs: .object([("type", .text("number")), ("minimum", .integer(0))])
    }
  }
}
