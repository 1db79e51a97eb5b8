import ArgumentParser
import Kernel
import PolicyAnalysis

/// Which audit logs a command reads.
struct LogArguments: ParsableArguments {
  @Argument(help: "Audit logs, as the sidecar writes them; - is standard input.")
  var logs: [String] = ["-"]

  /// Shows all records of the logs to `analysis` and says which lines are none. A log that can't be
  /// read ends the process.
  func scan<Analysis: RecordAnalysis>(_ analysis: Analysis) -> (Analysis, LogAccount) {
    var scan = LogScan(analysis)
    var progress = Progress()
    // A multiple of what a pipe holds, and little to move for what is left of a line.
    var buffer = [UInt8](repeating: 0, count: 256 << 10)
    for path in logs {
      do throws(Errno) {
        let file = path == "-" ? InputFile.standardInput : try InputFile(path: path)
        scan.begin(path == "-" ? "standard input" : path)
        while true {
          let count = try file.read(into: &buffer)
          if count == 0 { break }
          scan.feed(buffer.span.extracting(0..<count))
          progress.note(bytes: scan.account.bytes, records: scan.account.records)
        }
        scan.end()
      } catch {
        progress.end()
        Sidecar.say("\(path): the log can't be read: \(error)")
        Sidecar.exit(error == .permissionDenied ? .noPermission : .badInput)
      }
    }
    progress.end()
    let account = scan.account
    for sentence in account.sentences { Sidecar.say(sentence) }
    return (scan.analysis, account)
  }
}

/// Says on standard error how far a command has come that takes long: to a person all the time, to a
/// file now and then.
private struct Progress {
  private static let patience: UInt64 = 1_000_000_000

  private let start = Instant.now()
  private let isTerminal = StandardStream.error.isTerminal
  private var next: Instant
  private var isShown = false

  init() {
    next = start + (isTerminal ? Self.patience : 5 * Self.patience)
  }

  mutating func note(bytes: Int, records: Int) {
    let now = Instant.now()
    guard now >= next else { return }
    next = now + (isTerminal ? Self.patience / 5 : 5 * Self.patience)
    let text = "\(bytes / 1_000_000) MB read, \(records) records"
    if isTerminal {
      StandardStream.writeErrorLine(Array("\r\u{1b}[K\(text)".utf8).span)
      isShown = true
    } else {
      Sidecar.say(text)
    }
  }

  /// Takes away what a person was shown.
  mutating func end() {
    guard isShown else { return }
    StandardStream.writeErrorLine(Array("\r\u{1b}[K".utf8).span)
    isShown = false
  }
}
