/// A column of a table that is printed row by row.
package struct Column {
  let title: String
  let width: Int
  /// Texts stand at the left, numbers at the right.
  let isText: Bool

  package static func text(_ title: String, width: Int) -> Column {
    Column(title: title, width: width, isText: true)
  }

  package static func number(_ title: String, width: Int) -> Column {
    Column(title: title, width: width, isText: false)
  }

  fileprivate func filled(_ cell: String) -> String {
    let fill = String(repeating: " ", count: max(0, width - cell.count))
    return isText ? cell + fill : fill + cell
  }
}

extension [Column] {
  package var heading: String { row(map(\.title)) }

  package func row(_ cells: [String]) -> String {
    zip(self, cells).map { $0.filled($1) }.joined(separator: "  ")
  }
}
