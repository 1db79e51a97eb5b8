/// A text of a record that was read: where its bytes are, which `AuditReader.bytes(of:)` shows
/// until the next line is read.
package struct AuditText: Hashable, Sendable {
  /// In the line, or among the texts that had escapes.
  let range: Range<Int>
  let isUnescaped: Bool

  static let absent = AuditText(range: 0..<0, isUnescaped: false)

  /// True also where the record doesn't have the text: the encoder writes no empty one.
  package var isEmpty: Bool { range.isEmpty }
}

/// Why a line of an audit log is no record.
package enum AuditLineFault: Error, Hashable, Sendable {
  /// It ends before its object does, as the last line before a crash may.
  case cutOff
  /// The byte at this column, from 1, is none that JSON has there.
  case notJSON(column: Int)
  /// JSON, but neither an audit record nor an event that holds one.
  case otherEvent
  case missing(AuditField)
  /// A value that the field never has.
  case badValue(AuditField)
  case repeated(AuditField)
  case tooLong
}

extension AuditLineFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .cutOff: "the line is cut off"
    case .notJSON(let column): "no JSON (column \(column))"
    case .otherEvent: "an event, but no audit record"
    case .missing(let field): "no audit record: \(field.rawValue) is missing"
    case .badValue(let field): "\(field.rawValue) has a value that no record has"
    case .repeated(let field): "\(field.rawValue) is there twice"
    case .tooLong: "longer than any record"
    }
  }
}
