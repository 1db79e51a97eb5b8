/// Puts additions into one document, at the places that its nodes give.
///
/// Everything goes before what a list or mapping holds first, or behind its first entry: there are never
/// comments to be torn from what they are about, and no end of a block to be guessed.
struct Placing {
  let tree: ManifestTree
  let lines: Lines
  var edits = Edits()

  init(_ tree: ManifestTree) {
    self.tree = tree
    lines = Lines(tree.text)
  }

  /// Adds items or entries to a list or mapping; false where it is written in a way that has no place
  /// for them.
  mutating func add(_ addition: Addition, to index: Int) -> Bool {
    let node = tree[index]
    guard node.kind == .sequence || node.kind == .mapping else { return false }
    if node.isFlow { return addToFlow(addition, node) }
    guard node.firstChild >= 0 else { return false }
    if let column = lines.indentation(before: node.inside) {
      let line = lines.start(of: node.inside)
      // What stands above a document's first key is about the document.
      insert(addition, column, at: index == tree.root ? line : lines.startOfComments(before: line))
      return true
    }
    // `- name: app`: the first key shares its line with a dash.
    guard node.kind == .mapping else { return false }
    let value = tree[tree[node.firstChild].next]
    insert(addition, lines.column(of: node.inside), at: lines.startBehind(value.end))
    return true
  }

  /// Adds entries or items behind a key that has no value.
  ///
  /// - Parameter indentation: how far to the right of the key.
  mutating func add(_ addition: Addition, behindKey key: Int, indentation: Int) -> Bool {
    let node = tree[key]
    let value = tree[node.next]
    guard node.kind == .scalar, !node.hasProperties else { return false }
    insert(
      addition, lines.column(of: node.start) + indentation, at: lines.startOfNext(after: value.end))
    return true
  }

  private mutating func insert(_ addition: Addition, _ column: Int, at offset: Int) {
    let lineBreak = lines.lineBreak(before: offset)
    var bytes = addition.block(column: column, lineBreak: lineBreak)
    if offset > 0, !Lines.isBreak(tree.text[offset - 1]) {
      // The end of a text without a last line break, which it doesn't get now either.
      let first = lines.lineBreak(before: 0)
      bytes = first + addition.block(column: column, lineBreak: first).dropLast(first.count)
    }
    edits.insert(bytes, at: offset)
  }

  private mutating func addToFlow(_ addition: Addition, _ node: ManifestTree.Node) -> Bool {
    guard node.firstChild >= 0 else {
      edits.insert(addition.flow(separator: Array(", ".utf8)), at: node.inside)
      return true
    }
    let first = tree[node.firstChild].start
    var separator = Array(", ".utf8)
    var line = first
    while line > node.inside, Lines.isBlank(tree.text[line - 1]) { line -= 1 }
    if line > node.inside, Lines.isBreak(tree.text[line - 1]) {
      separator = [UInt8(ascii: ",")] + lines.lineBreak(before: line) + tree.text[line..<first]
    }
    edits.insert(addition.flow(separator: separator) + separator, at: first)
    return true
  }
}
