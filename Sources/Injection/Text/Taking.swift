/// Takes items and entries out of one document: the way back from `Placing`, and from what other
/// programs made of it since.
struct Taking {
  let tree: ManifestTree
  let lines: Lines
  /// The children that go, by the collection that holds them; of a mapping its keys.
  private var leaving: [Int: Set<Int>] = [:]

  init(_ tree: ManifestTree) {
    self.tree = tree
    lines = Lines(tree.text)
  }

  mutating func take(_ child: Int, from collection: Int) {
    leaving[collection, default: []].insert(child)
  }

  /// Whether nothing of a collection stays.
  func empties(_ collection: Int) -> Bool {
    let count = tree.items(of: collection).count + tree.entries(of: collection).count
    return count > 0 && leaving[collection, default: []].count == count
  }

  /// Forgets what was to be taken from a collection, since it goes as a whole.
  mutating func takeWhole(_ collection: Int, key: Int, from parent: Int) {
    leaving[collection] = nil
    take(key, from: parent)
  }

  func cuts() -> Cuts {
    var cuts = Cuts()
    for (collection, children) in leaving { cut(children, from: collection, &cuts) }
    return cuts
  }

  private func cut(_ leaving: Set<Int>, from collection: Int, _ cuts: inout Cuts) {
    let node = tree[collection]
    let isMapping = node.kind == .mapping
    let all = isMapping ? tree.entries(of: collection).map(\.key) : tree.items(of: collection)
    let ends = all.map { tree[isMapping ? tree[$0].next : $0].end }
    var index = 0
    while index < all.count {
      guard leaving.contains(all[index]) else {
        index += 1
        continue
      }
      var behind = index + 1
      while behind < all.count, leaving.contains(all[behind]) { behind += 1 }
      if let range = wholeLines(all[index], to: ends[behind - 1], of: node) {
        cuts.cut(range)
      } else if behind < all.count {
        cuts.cut(tree[all[index]].start..<tree[all[behind]].start)
      } else if index > 0 {
        cuts.cut(ends[index - 1]..<ends[behind - 1])
      } else {
        cuts.cut(tree[all[index]].start..<ends[behind - 1])
      }
      index = behind
    }
  }

  /// The lines from a child of a block collection to `end`; nil where the first is shared with others.
  private func wholeLines(_ child: Int, to end: Int, of node: ManifestTree.Node) -> Range<Int>? {
    guard !node.isFlow else { return nil }
    var start = tree[child].start
    if node.kind == .sequence { start = dash(before: start) }
    guard lines.indentation(before: start) != nil else { return nil }
    return lines.start(of: start)..<max(start, lines.startBehind(end))
  }

  /// The dash of an item: there are only blanks and comments between the two.
  private func dash(before item: Int) -> Int {
    var line = lines.start(of: item)
    var end = item
    while true {
      let first = (line..<end).first { !Lines.isBlank(tree.text[$0]) }
      if let first, tree.text[first] == UInt8(ascii: "-") { return first }
      guard line > 0 else { return item }
      end = line
      line = lines.start(of: line - 1)
    }
  }
}
