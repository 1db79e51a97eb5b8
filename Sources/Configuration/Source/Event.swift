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
struct Event {
  enum Kind {
    case documentStart
    case documentEnd
    case streamEnd
    case alias
    case scalar(Scalar)
    case sequenceStart
    case sequenceEnd
    case mappingStart
    case mappingEnd
  }

  var kind: Kind
  var position: Position
  /// The full name of a tag that was written out, such as `tag:yaml.org,2002:str`.
  var tag: String?
  var hasAnchor = false
}

/// A value that is neither list nor mapping, as it was written.
struct Scalar: Sendable {
  /// Without quotes, escapes resolved, lines folded.
  var text: String
  /// Neither quoted nor a block: only then may it be a number, a boolean or nothing.
  var isPlain: Bool
  /// From the command line, where there are no quotes: a text even where YAML would read another
  /// type, and yet a number where one is due.
  var isArgument = false
}

/// Why the stream can't be followed any further.
enum SyntaxError: Error {
  /// A byte that no YAML text holds, counted from the text's first.
  case notText(offset: Int)
  /// libyaml's description, which never quotes the document; `context` says what it was reading.
  case malformed(at: Position, problem: String, context: String?)
  case tooDeep(at: Position)
  case outOfMemory
}
