extension Node {
  /// The scalar that stands here; reports a list, a section or nothing where `wanted` is due.
  func scalar(_ wanted: String, _ findings: Findings) -> Scalar? {
    switch content {
    case .refused: return nil
    case .scalar(let scalar) where scalar.isNull:
      findings.error("has no value; it must be \(wanted)", at: position)
    case .scalar(let scalar): return scalar
    case .sequence, .mapping:
      findings.error("must be \(wanted), not \(noun)", at: position)
    }
    return nil
  }

  /// The text that stands here; reports what YAML reads as a number or a boolean.
  func text(_ wanted: String, _ findings: Findings) -> String? {
    guard let scalar = scalar(wanted, findings) else { return nil }
    guard !scalar.isTyped else {
      let type = scalar.boolean == nil ? "a number" : "a boolean"
      findings.error(
        "must be \(wanted); \(noun) without quotes is \(type): put it in quotes", at: position)
      return nil
    }
    return scalar.text
  }

  /// What stands here, as a noun for a sentence: `the text "abc"`, `a list`.
  var noun: String {
    switch content {
    case .sequence: "a list"
    case .mapping: "a section"
    case .refused: "this"
    case .scalar(let scalar) where scalar.isNull: "nothing"
    case .scalar(let scalar):
      scalar.isPlain ? excerpt(scalar.text) : "the text \"\(excerpt(scalar.text))\""
    }
  }
}

extension Scalar {
  /// Why this is not what was wanted, as a sentence.
  func complaint(wanted: String) -> String {
    let unquoted = Scalar(text: text, isPlain: true)
    if !isPlain, unquoted.isTyped { return "must be \(wanted), written without quotes" }
    if looksLikeNumber || isDecimal {
      return "must be \(wanted) in plain decimal digits, not \(excerpt(text))"
    }
    return "must be \(wanted), not the text \"\(excerpt(text))\""
  }

  /// The value of a decimal; nil where it is none or leaves the range of nanoseconds in 64 bits.
  var seconds: Duration? {
    guard isDecimal else { return nil }
    let parts = text.split(separator: ".")
    let decimals = parts.count == 2 ? String(parts[1]) : ""
    let padded = decimals + String(repeating: "0", count: 9 - decimals.utf8.count)
    guard let nanoseconds = Int64(parts[0] + padded) else { return nil }
    return .nanoseconds(nanoseconds)
  }
}

extension Duration {
  /// As a document spells it: `5`, `0.25`.
  package var decimalSeconds: String {
    let (seconds, attoseconds) = components
    let nanoseconds = attoseconds / 1_000_000_000
    guard nanoseconds != 0 else { return "\(seconds)" }
    var decimals = String(nanoseconds)
    decimals = String(repeating: "0", count: 9 - decimals.utf8.count) + decimals
    while decimals.hasSuffix("0") { decimals.removeLast() }
    return "\(seconds).\(decimals)"
  }
}
