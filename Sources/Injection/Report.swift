internal import Configuration

/// What there is to say about a manifest: all of it, in the order of its lines.
struct Report {
  /// More help nobody.
  private static let maximumCount = 1000

  let file: String
  let strict: Bool
  /// Where a byte of the text that is read stood in the text that was given.
  let cuts: Cuts
  private let positions: Positions
  private var errors: [Finding] = []
  private var warnings: [Finding] = []
  /// Behind which nothing was read.
  private var end: Diagnostic?

  private struct Finding: Hashable {
    let offset: Int
    let message: String
  }

  init(file: String, strict: Bool, given: [UInt8], cuts: Cuts = Cuts()) {
    self.file = file
    self.strict = strict
    self.cuts = cuts
    positions = Positions(given)
  }

  var hasErrors: Bool { !errors.isEmpty || end != nil }

  mutating func error(_ message: String, at node: Int, in tree: ManifestTree) {
    error(message, atByte: tree[node].start)
  }

  mutating func error(_ message: String, atByte offset: Int) {
    add(message, offset, to: &errors)
  }

  /// The text breaks off for its reader.
  mutating func end(_ message: String, at position: Position) {
    end = Diagnostic(file: file, position: position, message: message)
  }

  /// - Parameter weakens: whether it opens a way around the capture, which `--strict` refuses.
  mutating func warn(_ message: String, at node: Int, in tree: ManifestTree, weakens: Bool = false)
  {
    if weakens, strict {
      add(message, tree[node].start, to: &errors)
    } else {
      add(message, tree[node].start, to: &warnings)
    }
  }

  func line(of node: Int, in tree: ManifestTree) -> Int {
    positions.line(of: cuts.original(of: tree[node].start))
  }

  var sortedErrors: [Diagnostic] { sorted(errors) + (end.map { [$0] } ?? []) }
  var sortedWarnings: [Diagnostic] { sorted(warnings) }

  private func sorted(_ findings: [Finding]) -> [Diagnostic] {
    findings.sorted { $0.offset < $1.offset }.map {
      Diagnostic(
        file: file, position: positions.position(of: $0.offset), message: onOneLine($0.message))
    }
  }

  private func add(_ message: String, _ offset: Int, to list: inout [Finding]) {
    guard list.count < Self.maximumCount else { return }
    let finding = Finding(offset: cuts.original(of: offset), message: message)
    // What an anchor shares is met wherever it is used.
    if !list.contains(finding) { list.append(finding) }
  }
}
