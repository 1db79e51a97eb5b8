import Addressing
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
      host:port means TLS with that server name or, for an address or a block of addresses, a \
      protocol that is neither TLS nor HTTP. A name is judged by its name alone: rules that name addresses are tried only \
      on targets that are addresses.

      Exit status: 0 everything is allowed, 1 something is denied, 2 a target or the \
      configuration is wrong.
      """)

  @OptionGroup var document: ConfigurationOption

  @Option(help: "The method of http:// targets. Default: GET.")
  var method: String?

  @Option(help: "The client's address, where the document has policies by source.")
  var source: String?

  @Flag(help: "One JSON object a target.")
  var json = false

  @Argument(help: "https://api.github.com, db.internal:5432, 10.0.0.0/8:22, … or - for lines.")
  var targets: [String]

  func validate() throws {
    if targets.isEmpty { throw ValidationError("name at least one target, or - to read lines") }
    if let method, HTTPMethod(method) == nil {
      throw ValidationError("'\(method)' is no HTTP method")
    }
    if let source, IPAddress(source) == nil { throw ValidationError("'\(source)' is no address") }
  }

  func run() throws {
    let document = document.load().document
    var check = Check(
      ruleset: document.ruleset, source: source.flatMap { IPAddress($0) },
      method: method.flatMap { HTTPMethod($0) }, format: json ? .json : .text)
    for group in targets.split(separator: "-", omittingEmptySubsequences: false).enumerated() {
      if group.offset > 0 { checkLines(&check) }
      Sidecar.show(check.run(group.element))
    }
    Sidecar.exit(ExitStatus(rawValue: check.exitCode) ?? .badInput)
  }

  /// Lines of standard input: to a person one by one, else many in one table.
  private func checkLines(_ check: inout Check) {
    let most = StandardStream.input.isTerminal ? 1 : 1000
    var lines: [String] = []
    while let line = readLine() {
      lines.append(line)
      if lines.count == most {
        Sidecar.show(check.run(lines: lines))
        lines.removeAll()
      }
    }
    Sidecar.show(check.run(lines: lines))
  }
}
