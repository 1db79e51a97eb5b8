/// Where something stands in a document.
package struct Position: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Counted from 1.
  package let line: Int
  /// Counted from 1, in characters (Unicode scalars), as editors count.
  package let column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  package static func < (a: Position, b: Position) -> Bool {
    (a.line, a.column) < (b.line, b.column)
  }

  package var description: String { "\(line):\(column)" }
}

/// One step of a YAML stream, as libyaml reports it.
package struct Event {
  package enum Kind {
    case documentStart
    case documentEnd
    case streamEnd
    /// The name of the anchor that is meant.
    case alias(String)
    case scalar(Scalar)
    case sequenceStart
    case sequenceEnd
    case mappingStart
    case mappingEnd
  }

  package var kind: Kind
  package var position: Position
  /// From its first character, properties included, to behind its last one; in characters from
  /// the beginning of the text. The start of a collection ends behind its bracket, or where its first
  /// item or key begins (behind the dash where that stands in the column of the parent's key). The
  /// end of a block collection is empty and stands where the next thing begins.
  package var extent: Range<Int>
  /// The full name of a tag that was written out, such as `tag:yaml.org,2002:str`.
  package var tag: String?
  package var anchor: String?
  /// Written with brackets; of the starts of collections only.
  package var isFlow = false

  var hasAnchor: Bool { anchor != nil }
}

/// A value that is neither list nor mapping, as it was written.
package struct Scalar: Sendable {
  /// Without quotes, escapes resolved, lines folded.
  package var text: String
  /// Neither quoted nor a block: only then may it be a number, a boolean or nothing.
  package var isPlain: Bool
  /// From the command line, where there are no quotes: a text even where YAML would read another
  /// type, and yet a number where one is due.
  var isArgument = false
}

/// Why the stream can't be followed any further.
package enum SyntaxError: Error {
  /// A byte that no YAML text holds, counted from the text's first.
  case notText(offset: Int)
  /// libyaml's description, which never quotes the document; `context` says what it was reading.
  case malformed(at: Position, problem: String, context: String?)
  case tooDeep(at: Position, limit: Int)
  case outOfMemory
}
