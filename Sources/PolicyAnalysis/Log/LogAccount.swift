package import Telemetry

/// What became of a log's lines.
package struct LogAccount: Sendable {
  /// A line that is no record, and why.
  package struct BadLine: Sendable {
    package let file: String
    package let number: Int
    package let fault: AuditLineFault
  }

  /// More bad lines than this are only counted.
  static let keptLines = 20

  package internal(set) var bytes = 0
  package internal(set) var records = 0
  /// Lines that end before their object does: what a killed process leaves.
  package internal(set) var partialLines = 0
  package internal(set) var badLineCount = 0
  package internal(set) var badLines: [BadLine] = []
  /// Nanoseconds since the Unix epoch; nil where there is no record.
  package internal(set) var times: ClosedRange<UInt64>?

  mutating func note(_ fault: AuditLineFault, file: String, line: Int) {
    guard fault != .cutOff else {
      partialLines += 1
      return
    }
    badLineCount += 1
    if badLines.count < Self.keptLines {
      badLines.append(BadLine(file: file, number: line, fault: fault))
    }
  }

  /// A sentence for each bad line, and one for those that are only counted.
  package var sentences: [String] {
    var sentences = badLines.map { "\($0.file.printable):\($0.number): \($0.fault)" }
    if badLineCount > badLines.count {
      sentences.append("and \(badLineCount - badLines.count) more lines that are no records")
    }
    if partialLines > 0 {
      sentences.append(
        partialLines == 1
          ? "one record is cut off, as by a crash" : "\(partialLines) records are cut off")
    }
    return sentences
  }
}

/// What is made of records, one after the other.
package protocol RecordAnalysis: Sendable {
  /// - Parameter reader: has the record's texts.
  mutating func note(_ entry: AuditEntry, _ reader: borrowing AuditReader)
}

/// Feeds the records of one log after the other to an analysis.
package struct LogScan<Analysis: RecordAnalysis>: ~Copyable {
  package private(set) var analysis: Analysis
  package private(set) var account = LogAccount()
  private var reader = AuditReader()
  private var file = ""

  package init(_ analysis: Analysis) { self.analysis = analysis }

  /// Begins a log; what follows is its bytes.
  ///
  /// - Parameter file: what sentences call it.
  package mutating func begin(_ file: String) {
    self.file = file
    reader = AuditReader()
  }

  package mutating func feed(_ bytes: Span<UInt8>) {
    account.bytes += bytes.count
    reader.append(bytes)
    drain()
  }

  /// The log that was begun ends.
  package mutating func end() {
    reader.finish()
    drain()
  }

  private mutating func drain() {
    while true {
      do throws(AuditLineFault) {
        guard let entry = try reader.next() else { return }
        account.records += 1
        let time = entry.timestampNanoseconds
        let times = account.times ?? time...time
        account.times = min(times.lowerBound, time)...max(times.upperBound, time)
        analysis.note(entry, reader)
      } catch {
        account.note(error, file: file, line: reader.lineNumber)
      }
    }
  }
}
