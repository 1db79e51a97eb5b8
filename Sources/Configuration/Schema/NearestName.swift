/// The one of `candidates` that was probably meant by `name`: the same word in another spelling
/// (`proxy_port`, `ProxyPort`), or one at most two slips away. Nil where none is that near.
func nearest(to name: String, among candidates: [String]) -> String? {
  let name = folded(name)
  if let same = candidates.first(where: { folded($0) == name }) { return same }
  // A slip or two turn any short word into any other.
  let allowed = min(2, name.utf8.count / 3)
  var best: (distance: Int, candidate: String)?
  for candidate in candidates {
    let distance = editDistance(Array(name.utf8), Array(folded(candidate).utf8), upTo: allowed)
    if let distance, distance < best?.distance ?? .max { best = (distance, candidate) }
  }
  return best?.candidate
}

/// In lower case and without the signs that join words.
func folded(_ name: String) -> String {
  name.lowercased().filter { $0 != "_" && $0 != "-" }
}

/// How many letters must be inserted, removed, replaced or swapped with their neighbour to make
/// `b` of `a` (Damerau and Levenshtein, each letter touched once); nil above `limit`.
func editDistance(_ a: [UInt8], _ b: [UInt8], upTo limit: Int) -> Int? {
  guard abs(a.count - b.count) <= limit else { return nil }
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        cost = min(cost, beforeLast[j - 1] + 1)
      }
      row.append(cost)
    }
    (beforeLast, last) = (last, row)
  }
  let distance = last[b.count]
  return distance <= limit ? distance : nil
}
