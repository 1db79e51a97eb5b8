import ArgumentParser
import Configuration
import Telemetry

/// `schema`: what documents and audit records look like, for other programs.
struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the JSON Schema of the configuration or of an audit record.")

  enum Subject: String, ExpressibleByArgument, CaseIterable { case config, audit }

  @Argument(help: "Whose schema.")
  var subject: Subject

  func run() {
    switch subject {
    case .config: Sidecar.show([String(Document.jsonSchema.dropLast())])
    case .audit: Sidecar.show([String(AuditRecordSchema.text.dropLast())])
    }
  }
}
