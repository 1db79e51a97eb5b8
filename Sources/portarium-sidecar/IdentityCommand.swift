import Addressing
import ArgumentParser
import Configuration
import Kernel

/// `identity`: what the sidecar of this pod proves itself with.
struct IdentityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "identity",
    abstract: "Show what the sidecar of this pod proves itself with.",
    discussion: """
      Asks the admin port of this network namespace for /identity. Exit status: 0 there is an \
      identity that can be presented, 1 there is none, or no sidecar, 2 the configuration is wrong, \
      3 the sidecar doesn't answer this user.
      """)

  @OptionGroup var document: ConfigurationOption

  @Flag(help: "As JSON, as the admin port answers.")
  var json = false

  func run() {
    let port = document.load().document.adminPort
    let admin = Endpoint(address: .v4(IPv4Address(rawValue: 0x7f00_0001)), port: port)
    let question = AdminQuestion(
      path: "/identity?format=\(json ? "json" : "text")", endpoint: admin)
    switch question.ask() {
    case .answer(let status, let body):
      Sidecar.show(body.split(separator: "\n").map(String.init))
      switch status {
      case 200: return
      case 403: Sidecar.exit(.noPermission)
      default: Sidecar.exit(.refused)
      }
    case .refused(let error):
      Sidecar.say("nobody answers at \(admin): \(error)")
      Sidecar.exit(.refused)
    case .nothing:
      Sidecar.say("there is no answer from \(admin)")
      Sidecar.exit(.refused)
    }
  }
}
