internal import Configuration

extension ManifestTree {
  /// What stands under a key, and whether it stands there itself.
  struct Found {
    var key: Int
    /// As it was written: may be an alias.
    var value: Int
    /// By a merge key (`<<`), from another mapping.
    var isMerged: Bool
  }

  /// The node that an alias stands for; every other node itself.
  func resolved(_ index: Int) -> Int {
    nodes[index].kind == .alias ? nodes[index].target : index
  }

  /// Looks a key up as a YAML parser does that knows merge keys: the mapping's own keys first.
  func find(_ key: String, in mapping: Int) -> Found? {
    var visited: Set<Int> = []
    return find(key, in: resolved(mapping), &visited)
  }

  private func find(_ key: String, in mapping: Int, _ visited: inout Set<Int>) -> Found? {
    // Merges of merges can be made to meet again and again.
    guard nodes[mapping].kind == .mapping, visited.insert(mapping).inserted else { return nil }
    var merges: [Int] = []
    var entry = nodes[mapping].firstChild
    while entry >= 0 {
      let value = nodes[entry].next
      if isKey(entry, key) {
        return Found(key: entry, value: value, isMerged: visited.count > 1)
      }
      if isMerge(entry) { merges.append(value) }
      entry = nodes[value].next
    }
    for merge in merges {
      let source = resolved(merge)
      for merged in nodes[source].kind == .sequence ? items(of: source) : [source] {
        if let found = find(key, in: resolved(merged), &visited) {
          return Found(key: found.key, value: found.value, isMerged: true)
        }
      }
    }
    return nil
  }

  private func isKey(_ index: Int, _ key: String) -> Bool {
    let node = nodes[resolved(index)]
    return node.kind == .scalar && node.text == key
  }

  /// Also in quotes, and by an alias: kubectl doesn't mind.
  func isMerge(_ key: Int) -> Bool {
    let node = nodes[resolved(key)]
    return node.kind == .scalar && node.text == "<<"
  }

  /// What stands under a key, aliases and merges followed.
  func value(_ key: String, in mapping: Int?) -> Int? {
    guard let mapping, let found = find(key, in: mapping) else { return nil }
    let value = resolved(found.value)
    return isNull(value) ? nil : value
  }

  /// Nothing, `~` or `null`, without quotes.
  func isNull(_ index: Int) -> Bool {
    let node = nodes[index]
    guard node.kind == .scalar, node.isPlain else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(node.text)
  }

  /// Nothing at all: a place where something can be written.
  func isEmptyPlace(_ index: Int) -> Bool {
    let node = nodes[index]
    return isNull(index) && node.start == node.end && !node.hasProperties
  }

  func string(_ key: String, in mapping: Int?) -> String? {
    guard let value = value(key, in: mapping), nodes[value].kind == .scalar else { return nil }
    return nodes[value].text
  }

  /// Also in quotes: who would refuse it then isn't known here, and what is asked for is clear.
  func isTrue(_ key: String, in mapping: Int?) -> Bool {
    guard let text = string(key, in: mapping), text.utf8.count <= 4 else { return false }
    return ["true", "yes", "on", "y"].contains(text.lowercased())
  }

  func isFalse(_ index: Int) -> Bool {
    let text = nodes[index].text
    return text.utf8.count <= 5 && ["false", "no", "off", "n"].contains(text.lowercased())
  }

  /// The number that Kubernetes reads there, in any of YAML's notations.
  func integer(_ index: Int) -> Int? {
    var digits = nodes[index].text.lowercased().filter { $0 != "_" }[...]
    let isNegative = digits.first == "-"
    if isNegative || digits.first == "+" { digits.removeFirst() }
    guard let number = magnitude(digits) else { return nil }
    return isNegative ? -number : number
  }

  private func magnitude(_ digits: Substring) -> Int? {
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
      return Int(digits.dropFirst(2), radix: radix)
    }
    if digits.hasPrefix("0"), let number = Int(digits, radix: 8) { return number }
    return Int(digits) ?? Double(digits).flatMap { Int(exactly: $0) }
  }

  /// The items under a key, as they were written.
  func list(_ key: String, in mapping: Int?) -> [Int] {
    value(key, in: mapping).map { items(of: $0) } ?? []
  }
}
