/// A value as an error shows it: on one line, and not all of a long one.
package func excerpt(_ text: String) -> String {
  let shown = onOneLine(String(text.unicodeScalars.prefix(60)))
  return text.unicodeScalars.count > 60 ? shown + "…" : shown
}

/// `text` with everything escaped that doesn't print.
package func onOneLine(_ text: String) -> String {
  guard !text.unicodeScalars.allSatisfy(\.isPrintable) else { return text }
  return text.unicodeScalars.reduce(into: "") { shown, scalar in
    if scalar.isPrintable {
      shown.unicodeScalars.append(scalar)
    } else {
      shown += scalar.escaped(asASCII: true)
    }
  }
}

extension Unicode.Scalar {
  /// False for what would break a line, hide, or turn the text around it.
  var isPrintable: Bool {
    if isASCII { return (0x20...0x7e).contains(value) }
    return switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
      .unassigned:
      false
    default: true
    }
  }
}
