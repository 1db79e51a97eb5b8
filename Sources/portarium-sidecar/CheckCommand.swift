import ArgumentParser
import Configuration
import Kernel
import Policy
import PolicyAnalysis

/// `check`: what would the policy say? The same decision code as the data plane, no packet sent.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Ask the policy about URLs and host:port targets without sending a packet.",
    discussion: """
      host:port means TLS with that server name or, for an address, a protocol that is neither \
      TLS nor HTTP. A name is judged by its name alone: rules that name addresses are tried only \
      on targets that are addresses.

      Exit status: 0 everything is allowed, 1 something is denied, 2 a target or the \
      configuration is wrong.
      """)

  @OptionGroup var document: ConfigurationOption

  @Option(help: "The method of http:// targets.")
  var method: String = "GET"

  @Flag(help: "One JSON object a target.")
  var json = false

  @Argument(help: "https://api.github.com, http://10.0.0.1/x, db.internal:5432, … or - for lines.")
  var targets: [String]

  func validate() throws {
    if targets.isEmpty { throw ValidationError("name at least one target, or - to read lines") }
    if HTTPMethod(method) == nil { throw ValidationError("'\(method)' is no HTTP method") }
  }

  func run() throws {
    let document = document.load().document
    var check = Check(
      ruleset: document.ruleset,
      method: HTTPMethod(method), format: json ? .json : .text)
    for target in targets {
      if target == "-" {
        while let line = readLine() { Sidecar.show(check.run(line: line)) }
      } else {
        Sidecar.show(check.run(target))
      }
    }
    Sidecar.exit(ExitStatus(rawValue: check.exitCode) ?? .badInput)
  }
}
