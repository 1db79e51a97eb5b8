internal import ArgumentParser
internal import Capture
internal import Configuration
internal import Kernel

/// Where the document is and what stands in place of its keys, for every verb that needs one.
struct DocumentOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The configuration. (default: $PORTARIUM_CONFIG, else /etc/portarium/config.yaml)",
      valueName: "path"))
  var config: String?

  @OptionGroup(title: "In place of the document's keys, lists with commas")
  var flags: CaptureFlags

  /// Reads the document with the flags in place of its keys, passes its warnings on, and makes the
  /// plan of it.
  func plan() throws -> CapturePlan { try Self.plan(config: config, flags: flags.given) }

  static func plan(config: String?, flags: [DocumentFlag]) throws -> CapturePlan {
    let environment =
      Environment.variable(DocumentPath.variable).map { [DocumentPath.variable: $0] } ?? [:]
    let loaded = try Document.load(
      path: DocumentPath.resolve(flag: config, environment: environment), flags: flags,
      flagsSuffice: DocumentPath.isUnnamed(flag: config, environment: environment))
    for warning in loaded.warnings {
      // Where nobody takes it, there is nobody to warn.
      try? StandardStream.error.write("portarium-init: warning: \(warning)\n")
    }
    return CapturePlan(loaded.document)
  }
}
