internal import Configuration

/// What is written is looked at before it goes out: whatever a manifest is written like, it comes out
/// whole or not at all.
extension Injection {
  /// What `remove` makes of a text; nil where it can't be read.
  static func removed(from text: [UInt8]) -> [UInt8]? {
    guard let result = try? remove(text, file: "") else { return nil }
    return result.bytes
  }

  /// Whether two texts say the same but for what begins in `added`.
  static func isSame(_ text: [UInt8], _ result: [UInt8], _ added: [Range<Int>]) -> Bool {
    do throws(SyntaxError) {
      var before = try ManifestReader(text)
      var after = try ManifestReader(result)
      while true {
        guard let old = try before.next() else { return try after.next() == nil }
        guard let new = try after.next() else { return false }
        guard Comparison(old: old, new: new, added: added).isSame(old.root, new.root) else {
          return false
        }
      }
    } catch {
      return false
    }
  }
}

private struct Comparison {
  let old: ManifestTree
  let new: ManifestTree
  /// Bytes of `new` that are nothing of `old`'s, in order.
  let added: [Range<Int>]

  func isSame(_ a: Int, _ b: Int) -> Bool {
    let before = old[a]
    let after = new[b]
    guard before.kind == after.kind else {
      // Something stands now where a key had no value.
      return old.isEmptyPlace(a) && after.firstChild >= 0 && kept(of: b).isEmpty
    }
    guard before.text == after.text, before.hasProperties == after.hasProperties,
      before.isPlain == after.isPlain
    else { return false }
    if before.kind == .alias { return true }
    let children = old.children(of: a)
    let rest = kept(of: b)
    guard children.count == rest.count else { return false }
    for (one, other) in zip(children, rest) where !isSame(one, other) { return false }
    return true
  }

  /// The children that aren't new.
  private func kept(of index: Int) -> [Int] {
    if new[index].kind == .mapping {
      return new.entries(of: index).flatMap { isNew($0.key) ? [] : [$0.key, $0.value] }
    }
    return new.items(of: index).filter { !isNew($0) }
  }

  private func isNew(_ index: Int) -> Bool {
    let start = new[index].start
    var low = 0
    var high = added.count
    while low < high {
      let middle = (low + high) / 2
      if added[middle].upperBound <= start { low = middle + 1 } else { high = middle }
    }
    // A collection that was there begins with what was put before its first child, and ends behind it.
    return low < added.count && added[low].contains(start)
      && new[index].end <= added[low].upperBound
  }
}
