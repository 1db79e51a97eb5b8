extension String {
  /// The text with control and formatting characters spelt out: what comes from a file or a pipe
  /// must not steer the terminal.
  var printable: String {
    var result = ""
    for scalar in unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
        .unassigned:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default:
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The text with everything between the scheme and the last `@` left out.
  var withoutUserInfo: String {
    guard let at = lastIndex(of: "@") else { return self }
    let start = indices.first { self[$0...].hasPrefix("://") }.map { index($0, offsetBy: 3) }
    guard let start, start <= at else { return "\u{2026}" + self[at...] }
    return self[..<start] + "\u{2026}" + self[at...]
  }
}
