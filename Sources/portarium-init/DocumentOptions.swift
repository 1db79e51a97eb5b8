internal import ArgumentParser
internal import Capture
internal import Configuration
internal import Kernel

/// Where the document is, for every verb that needs one.
struct DocumentOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The configuration. (default: $PORTARIUM_CONFIG, else /etc/portarium/config.yaml)",
      valueName: "path"))
  var config: String?

  /// Reads the document, passes its warnings on, and makes the plan of it.
  func plan() throws -> CapturePlan {
    let path = DocumentPath.resolve(
      flag: config,
      environment: Environment.variable(DocumentPath.variable)
        .map { [DocumentPath.variable: $0] } ?? [:])
    let loaded = try Document.load(path: path)
    for warning in loaded.warnings {
      // Where nobody takes it, there is nobody to warn.
      try? StandardStream.error.write("portarium-init: warning: \(warning)\n")
    }
    return CapturePlan(loaded.document)
  }
}
