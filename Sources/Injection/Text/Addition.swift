internal import Configuration

/// A piece of YAML to be added: items of a list, or keys with their values, as lines that begin in
/// column 0. The lines are this program's own; what comes from outside is quoted where it must be.
struct Addition {
  let lines: [Substring]

  init(_ text: String) { lines = text.split(separator: "\n") }

  /// The lines, each behind `column` spaces and before `lineBreak`.
  func block(column: Int, lineBreak: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    for line in lines {
      bytes += [UInt8](repeating: 0x20, count: column)
      bytes += line.utf8
      bytes += lineBreak
    }
    return bytes
  }

  /// The same as JSON, which every flow style holds, without the outer brackets; several items or keys
  /// are separated by `separator`.
  func flow(separator: [UInt8]) -> [UInt8] {
    let text = Array(lines.joined(separator: "\n").utf8)
    guard var reader = try? ManifestReader(text), let tree = try? reader.next() else { return [] }
    var bytes: [UInt8] = []
    let root = tree[tree.root]
    for (number, child) in tree.children(of: tree.root).enumerated() {
      if root.kind == .mapping, number % 2 == 1 {
        bytes += ": ".utf8
      } else if number > 0 {
        bytes += separator
      }
      tree.writeJSON(of: child, to: &bytes)
    }
    return bytes
  }
}

extension ManifestTree {
  /// Writes a node of an addition: no anchors, no escapes but those of JSON.
  fileprivate func writeJSON(of index: Int, to bytes: inout [UInt8]) {
    let node = nodes[index]
    switch node.kind {
    case .alias: return
    case .scalar:
      if node.isPlain, isTyped(node.text) {
        bytes += node.text.utf8
      } else {
        bytes.append(UInt8(ascii: "\""))
        for byte in node.text.utf8 {
          if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
            bytes.append(UInt8(ascii: "\\"))
          }
          bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
      }
    case .sequence, .mapping:
      let isMapping = node.kind == .mapping
      bytes.append(UInt8(ascii: isMapping ? "{" : "["))
      for (number, child) in children(of: index).enumerated() {
        if isMapping, number % 2 == 1 {
          bytes += ": ".utf8
        } else if number > 0 {
          bytes += ", ".utf8
        }
        writeJSON(of: child, to: &bytes)
      }
      bytes.append(UInt8(ascii: isMapping ? "}" : "]"))
    }
  }

  private func isTyped(_ text: String) -> Bool {
    text == "true" || text == "false" || text.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }
}

/// A name or an image as a YAML scalar. It holds no control characters, quotes or backslashes.
func scalar(_ text: String) -> String {
  let isPlain = text.utf8.allSatisfy {
    switch $0 {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "._/:@-".utf8.contains($0)
    }
  }
  // What begins with a letter is no number; words are what else YAML 1.1 knows.
  let first = text.utf8.first.map { (0x61...0x7a).contains($0 | 0x20) } ?? false
  let words = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
  let isText = first && text.utf8.last != UInt8(ascii: ":") && !words.contains(text.lowercased())
  return isPlain && isText ? text : "\"\(text)\""
}
