internal import Configuration

/// Manifests that say one thing to one reader and another to the next: kubectl, kustomize and Helm don't
/// agree on these, and what was looked at here need not be what a cluster gets.
extension Report {
  mutating func refuseAmbiguities(below index: Int, in tree: ManifestTree) {
    refuseAmbiguities(of: index, in: tree)
    for entry in tree.entries(of: index) { refuseAmbiguities(below: entry.value, in: tree) }
    for item in tree.items(of: index) {
      refuseTag(of: item, in: tree)
      refuseAmbiguities(below: item, in: tree)
    }
  }

  /// Looks at the keys of one mapping, and at the tags of what they hold.
  mutating func refuseAmbiguities(of mapping: Int, in tree: ManifestTree) {
    var first: [String: Int] = [:]
    for (key, value) in tree.entries(of: mapping) {
      refuseTag(of: key, in: tree)
      refuseTag(of: value, in: tree)
      // An alias can be a key.
      let node = tree[tree.resolved(key)]
      guard node.kind == .scalar else { continue }
      if tree.isMerge(key) {
        refuseLateMerge(key, value, behind: first, in: tree)
      }
      if let known = first[node.text] {
        error(
          "the key stands twice, first in line \(line(of: known, in: tree))", at: key, in: tree)
      } else {
        first[node.text] = key
      }
    }
  }

  /// To kubectl a merge key that isn't the first overwrites what stands before it.
  private mutating func refuseLateMerge(
    _ key: Int, _ value: Int, behind earlier: [String: Int], in tree: ManifestTree
  ) {
    if !tree[key].isPlain {
      error(
        "`<<` in quotes or by an alias is a merge key to some readers and none to others", at: key,
        in: tree)
    }
    let source = tree.resolved(value)
    for merged in tree[source].kind == .sequence ? tree.items(of: source) : [source] {
      for name in earlier.keys.sorted() where tree.find(name, in: merged) != nil {
        error(
          "what is merged here has `\(excerpt(name))` too, which stands before it: which of them "
            + "holds depends on the reader; put `<<` first", at: key, in: tree)
      }
    }
  }

  /// `!!binary aG9zdE5ldHdvcms=` is `hostNetwork`, and `!!null no` is nothing.
  private mutating func refuseTag(of index: Int, in tree: ManifestTree) {
    guard tree[index].hasForeignTag else { return }
    error(
      "a tag like this makes of a value what doesn't stand here; write it without", at: index,
      in: tree)
  }
}
