extension TextBuffer {
  /// Appends the inside of a JSON string (RFC 8259 §7): what stands between the quotes.
  ///
  /// Wire bytes need be no UTF-8 and may be meant for the terminal of whoever reads the log. So
  /// every control character is escaped, DEL and C1 (U+0080...U+009F) included, and a byte that is
  /// part of no well-formed UTF-8 sequence is written `%XX`, as a URL would carry it: readable, and
  /// the byte is not lost. What comes out is always valid JSON in valid UTF-8.
  @inline(__always)
  package mutating func append(escaping bytes: Span<UInt8>) {
    if bytes.isPlain {
      append(bytes)
    } else {
      appendEscaped(bytes)
    }
  }

  package mutating func append(escaping text: String) {
    append(escaping: text.utf8.span)
  }

  @inline(never)
  private mutating func appendEscaped(_ bytes: Span<UInt8>) {
    var index = 0
    while index < bytes.count {
      var end = index
      while end < bytes.count, isPlain(bytes[end]) { end += 1 }
      append(bytes.extracting(index..<end))
      index = end
      guard index < bytes.count else { return }

      let byte = bytes[index]
      if byte < 0x80 {
        append(escape: byte)
        index += 1
        continue
      }
      let length = bytes.utf8SequenceLength(at: index)
      if length == 0 {
        append(percentEncoding: byte)
        index += 1
      } else if byte == 0xc2, bytes[index + 1] < 0xa0 {
        append(escape: bytes[index + 1])
        index += 2
      } else {
        append(bytes.extracting(index..<index + length))
        index += length
      }
    }
  }

  /// `code` is an ASCII character or one of U+0080...U+009F.
  private mutating func append(escape code: UInt8) {
    write(6) { output in
      output.append(UInt8(ascii: "\\"))
      switch code {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(code)
      case UInt8(ascii: "\n"): output.append(UInt8(ascii: "n"))
      case UInt8(ascii: "\r"): output.append(UInt8(ascii: "r"))
      case UInt8(ascii: "\t"): output.append(UInt8(ascii: "t"))
      default:
        output.append(UInt8(ascii: "u"))
        output.append(hex: UInt64(code), digits: 4)
      }
    }
  }

  private mutating func append(percentEncoding byte: UInt8) {
    write(3) { output in
      output.append(UInt8(ascii: "%"))
      output.append(upperCaseHexDigit(byte >> 4))
      output.append(upperCaseHexDigit(byte & 15))
    }
  }
}

/// True for the bytes that stand for themselves in a JSON string.
@inline(__always)
private func isPlain(_ byte: UInt8) -> Bool {
  (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
}

/// RFC 3986 §2.1 asks for upper case behind a `%`.
private func upperCaseHexDigit(_ value: UInt8) -> UInt8 {
  value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
}

extension Span<UInt8> {
  // No early exit: so the loop runs on whole vectors.
  fileprivate var isPlain: Bool {
    @inline(__always) get {
      var special: UInt8 = 0
      for index in 0..<count {
        let byte = self[index]
        special |= byte &- 0x20 > 0x5e ? 1 : 0
        special |= byte == UInt8(ascii: "\"") ? 1 : 0
        special |= byte == UInt8(ascii: "\\") ? 1 : 0
      }
      return special == 0
    }
  }
}
