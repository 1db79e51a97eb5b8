import Foundation
import Testing
import Wire

/// docs/http.md: what its tables say of a request head is what the parser does.
@Suite("docs/http.md")
struct HTTPDocumentTests {
  /// One row: the input as bytes, and the cells behind it.
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let head: [UInt8]
    let cells: [String]
  }

  /// The rows of the tables whose first heading is "Input" and second is `heading`.
  static func rows(_ heading: String) -> [Row] {
    let page = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../docs/http.md")
    guard let text = try? String(contentsOf: page, encoding: .utf8) else { return [] }
    var rows: [Row] = []
    var isWanted = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      guard line.hasPrefix("| `") else {
        if !line.hasPrefix("|---") { isWanted = line.hasPrefix("| Input | \(heading)") }
        continue
      }
      guard isWanted else { continue }
      let cells = cells(line)
      rows.append(Row(testDescription: cells[0], head: head(cells[0]), cells: cells))
    }
    return rows
  }

  /// `\|` is a bar within a cell.
  private static func cells(_ line: Substring) -> [String] {
    line.dropFirst().dropLast().replacing("\\|", with: "\u{1}")
      .split(separator: "|", omittingEmptySubsequences: false)
      .map { $0.replacing("\u{1}", with: "|").trimmingCharacters(in: .whitespaces) }
  }

  /// The head that a cell stands for, completed by a request line and a Host where it has none.
  private static func head(_ cell: String) -> [UInt8] {
    var input = cell.dropFirst().dropLast().replacing("⏎", with: "\r\n")
    for (escape, byte) in [("\\0", "\0"), ("\\t", "\t"), ("\\n", "\n"), ("\\r", "\r")] {
      input = input.replacing(escape, with: byte)
    }
    let words = input.split(whereSeparator: { " \r\n".contains($0) }).prefix(2)
    let isRequestLine = !words[0].contains(":") && words.last != ":"
    if !isRequestLine { input = "POST / HTTP/1.1\r\n" + input }
    let needsHost =
      !input.contains("Host:") && !input.contains("no host")
      && !input.hasSuffix("HTTP/1.0")
    return Array((input + (needsHost ? "\r\nHost: a" : "") + "\r\n\r\n").utf8)
  }

  static let passing = rows("Passes, since")
  static let refused = rows("Status")

  @Test("shows inputs of both kinds")
  func isRead() {
    #expect(Self.passing.count >= 15)
    #expect(Self.refused.count >= 30)
  }

  @Test("passes", arguments: passing)
  func passes(_ row: Row) {
    #expect(Verdict.request(row.head).isFound, "\(Verdict.request(row.head))")
  }

  @Test("is refused with that status and reason", arguments: refused)
  func isRefused(_ row: Row) {
    var reader = RequestHeadReader()
    guard case .malformed(let error) = reader.advance(row.head.span) else {
      Issue.record("\(Verdict.request(row.head))")
      return
    }
    #expect("\(error.status)" == row.cells[1], "\(error)")
    let reason = error.isAmbiguousHost ? "ambiguous-host" : "malformed-request"
    #expect("`\(reason)`" == row.cells[2], "\(error)")
  }

  @Test("shows every way to be malformed that one head can show")
  func isComplete() {
    var shown: Set<RequestError> = []
    for row in Self.refused {
      var reader = RequestHeadReader()
      if case .malformed(let error) = reader.advance(row.head.span) { shown.insert(error) }
    }
    let elsewhere: Set<RequestError> = [.targetTooLong, .headTooLarge, .tooManyFields]
    #expect(Set(RequestError.allCases).subtracting(shown) == elsewhere)
  }
}
