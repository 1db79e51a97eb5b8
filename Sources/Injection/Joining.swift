extension Injection {
  /// Several manifests as one stream of documents.
  package static func joined(_ manifests: [[UInt8]]) -> [UInt8] {
    guard var stream = manifests.first else { return [] }
    for manifest in manifests.dropFirst() {
      let (_, text) = withoutByteOrderMark(manifest)
      if let last = stream.last, !Lines.isBreak(last) { stream.append(UInt8(ascii: "\n")) }
      stream += separator(before: text).utf8
      stream += text
    }
    return stream
  }

  /// What must stand before a manifest that others precede.
  private static func separator(before text: [UInt8]) -> String {
    let lines = Lines(text)
    var start = 0
    while start < text.count {
      let end = lines.startOfNext(after: start)
      if text[start..<end].starts(with: "---".utf8) { return "" }
      if text[start] == UInt8(ascii: "%") { return "...\n" }
      let first = text[start..<end].first { !Lines.isBlank($0) && !Lines.isBreak($0) }
      if let first, first != UInt8(ascii: "#") { return "---\n" }
      start = end
    }
    return ""
  }
}
