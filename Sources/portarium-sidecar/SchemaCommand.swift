import ArgumentParser
import Configuration

/// `schema`: what documents and audit records look like, for other programs.
struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema of the configuration.")

  enum Subject: String, ExpressibleByArgument, CaseIterable { case config }

  @Argument(help: "Whose schema.")
  var subject: Subject

  func run() {
    switch subject {
    case .config: Sidecar.show([String(Document.jsonSchema.dropLast())])
    }
  }
}
