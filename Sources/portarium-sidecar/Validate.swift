import ArgumentParser
import Configuration
import Kernel
import Policy

/// `validate`: reads the document as both programs would and says everything that is wrong.
struct Validate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check the configuration and show its warnings.")

  @OptionGroup var document: ConfigurationOption

  func run() {
    let loaded = document.load()
    for warning in loaded.warnings { print("warning: \(warning)") }
    let rules = loaded.document.egress.rules.count
    print("valid: \(rules) \(rules == 1 ? "rule" : "rules"), \(loaded.document.enforcementMode)")
  }
}
