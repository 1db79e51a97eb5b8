internal import ArgumentParser
internal import Capture
internal import Kernel

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Look whether the rules hold: by reading them, and by real connections.",
    discussion: """
      Compares the rules with the document, as far as it may read them (CAP_NET_ADMIN). Connects to \
      addresses that are nobody's and looks whether the connection comes to the sidecar's port: \
      where nobody listens there it does so itself. Run it in the pod as any uid but the proxy's; it \
      takes at most five seconds. Exit codes: 0 verified; 1 not verified; 3 no right to find \
      anything out.
      """)

  @OptionGroup var document: DocumentOptions
  @Flag(help: "Print the findings as JSON.")
  var json = false

  func run() throws {
    let verification = Verification.run(try document.plan().completed())
    try StandardStream.output.write(json ? verification.json : verification.text)
    switch verification.verdict {
    case .verified: return
    case .notVerified: throw ExitCode(ExitStatus.refused.rawValue)
    case .notPermitted: throw ExitCode(ExitStatus.noPermission.rawValue)
    }
  }
}
