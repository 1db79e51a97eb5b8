internal import Configuration

/// What there is to say about a manifest: all of it, in the order of its lines.
struct Report {
  /// More help nobody.
  private static let maximumCount = 1000

  let file: String
  let strict: Bool
  /// Where a byte of the text that is read stood in the text that was given.
  let cuts: Cuts
  let given: [UInt8]
  private(set) var errors: [Diagnostic] = []
  private(set) var warnings: [Diagnostic] = []

  init(file: String, strict: Bool, given: [UInt8], cuts: Cuts = Cuts()) {
    self.file = file
    self.strict = strict
    self.given = given
    self.cuts = cuts
  }

  mutating func error(_ message: String, at node: Int, in tree: ManifestTree) {
    add(message, tree[node].start, to: &errors)
  }

  mutating func error(_ message: String, at position: Position) {
    errors.append(Diagnostic(file: file, position: position, message: message))
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
    Position(ofByte: cuts.original(of: tree[node].start), in: given).line
  }

  var sortedErrors: [Diagnostic] { errors.sorted { $0.position < $1.position } }
  var sortedWarnings: [Diagnostic] { warnings.sorted { $0.position < $1.position } }

  private func add(_ message: String, _ offset: Int, to list: inout [Diagnostic]) {
    guard list.count < Self.maximumCount else { return }
    let diagnostic = Diagnostic(
      file: file, position: Position(ofByte: cuts.original(of: offset), in: given),
      message: onOneLine(message))
    // What an anchor shares is met wherever it is used.
    if !list.contains(diagnostic) { list.append(diagnostic) }
  }
}
