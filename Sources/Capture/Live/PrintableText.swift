extension String {
  /// With every control character written as `\u{1b}`: names in the kernel may hold any byte, and a
  /// terminal obeys some of them. Line feeds stay.
  var printable: String {
    guard unicodeScalars.contains(where: \.isControl) else { return self }
    return unicodeScalars.reduce(into: "") { text, scalar in
      if scalar.isControl {
        text += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
  }
}

extension Unicode.Scalar {
  /// C0 but the line feed, DEL and C1.
  fileprivate var isControl: Bool {
    (value < 0x20 && value != 0x0a) || (0x7f...0x9f).contains(value)
  }
}
