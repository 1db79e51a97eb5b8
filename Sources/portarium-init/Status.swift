internal import ArgumentParser
internal import Capture
internal import Configuration
internal import Kernel

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Say what is in force: since when, what it counted, what could interfere.",
    discussion: """
      Exit codes: 0 in force; 1 not in force, or not as the document says; 2 the \
      document that was named is bad; 3 no permission. Without a document it tells the rest. Needs CAP_NET_ADMIN.
      """)

  @OptionGroup var document: DocumentOptions
  @Flag(help: "One JSON object.")
  var json = false

  func run() throws {
    let plan = Result { try document.plan().completed() }
    let status = try CaptureStatus.now { dump in Self.comparison(of: dump, with: plan) }
    try StandardStream.output.write(json ? status.json : status.text)
    // Whoever named a document wanted the comparison.
    if document.config != nil { _ = try plan.get() }
    if !status.isInForce { throw ExitCode(ExitStatus.refused.rawValue) }
  }

  private static func comparison(
    of dump: TableDump?, with plan: Result<CapturePlan, any Error>
  ) -> CaptureStatus.Document {
    switch plan {
    case .success(let plan): CaptureStatus.Document(of: dump, with: plan)
    case .failure(let error): .unknown(firstSentence(of: error))
    }
  }

  private static func firstSentence(of error: any Error) -> String {
    let text = Failure(error)?.sentences ?? "\(error)"
    return text.split(separator: "\n").first.map(String.init) ?? "no document"
  }
}
