extension Scalar {
  /// `~`, `null` or nothing at all, unquoted; of an argument only nothing at all.
  var isNull: Bool {
    if isArgument { return text.isEmpty }
    return isPlain && text.utf8.count <= 4 && ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// `true`, `yes`, `on` and their opposites, unquoted, in lower, upper or title case.
  var boolean: Bool? {
    guard isPlain, text.utf8.count <= 5 else { return nil }
    switch text {
    case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return true
    case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return false
    default: return nil
    }
  }

  /// Decimal digits with or without a sign, unquoted and without leading zeros. Octal,
  /// hexadecimal, binary and sexagesimal numbers and underscores, all of which YAML 1.1 has, are
  /// no integers here.
  var isInteger: Bool {
    isPlain && beginsLikeNumber && Self.isInteger(text.utf8[...])
  }

  /// An integer, or one with up to nine decimals. No exponent.
  var isDecimal: Bool {
    guard isPlain, beginsLikeNumber else { return false }
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count <= 2, Self.isInteger(parts[0]) else { return false }
    return parts.count == 1
      || ((1...9).contains(parts[1].count) && parts[1].allSatisfy(\.isDigit))
  }

  /// True where YAML 1.1 reads the text as something else than a string.
  var isTyped: Bool {
    guard isPlain, !isArgument else { return false }
    return isNull || boolean != nil || isInteger || isDecimal || looksLikeNumber
  }

  /// A number in a notation that is not read here: `0x1bb`, `0443`, `1_000`, `22:22`, `1e3`.
  var looksLikeNumber: Bool {
    guard isPlain, beginsLikeNumber else { return false }
    let digits = text.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
    if digits.starts(with: "0x".utf8) || digits.starts(with: "0b".utf8) {
      return digits.dropFirst(2).allSatisfy { $0.isHexDigit || $0 == UInt8(ascii: "_") }
    }
    let groups = digits.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    if groups.count > 1 {
      // Base 60, as in 22:22; an IPv6 address has an empty group or a longer one.
      return groups.allSatisfy { $0.allSatisfy(\.isDigit) && !$0.isEmpty }
        && groups.dropFirst().allSatisfy { $0.count <= 2 }
    }
    guard digits.allSatisfy({ $0.isDigit || "_.eE+-".utf8.contains($0) }),
      digits.count(where: { $0 == UInt8(ascii: ".") }) <= 1,
      digits.last.map(\.isDigit) ?? false
    else { return false }
    // `8000-8099` and `1-2` are texts: a sign stands only behind an exponent.
    return !digits.indices.dropFirst().contains { index in
      (digits[index] == UInt8(ascii: "-") || digits[index] == UInt8(ascii: "+"))
        && digits[digits.index(before: index)] | 0x20 != UInt8(ascii: "e")
    }
  }

  /// Most texts don't, and need no closer look.
  private var beginsLikeNumber: Bool {
    text.utf8.first.map { $0.isDigit || "+-.".utf8.contains($0) } ?? false
  }

  private static func isInteger(_ text: Substring.UTF8View) -> Bool {
    let digits =
      text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+")
      ? text.dropFirst() : text
    return !digits.isEmpty && digits.allSatisfy(\.isDigit)
      && (digits.count == 1 || digits.first != UInt8(ascii: "0"))
  }
}
