/// A head as a lenient reader takes it: lines end with LF, white space and control bytes around
/// names and values don't count, names are compared without case. Written apart from `Wire`, to find
/// where a strict reading and a loose one differ.
struct LenientHead {
  struct Line {
    /// As written, without its line end.
    var bytes: ArraySlice<UInt8>
    /// In lower case.
    var name: [UInt8]
    var value: [UInt8]
  }

  var startLine: ArraySlice<UInt8>
  var lines: [Line] = []
  /// The first byte behind the empty line.
  var end: Int

  /// Nil where there is no empty line.
  init?(_ bytes: [UInt8]) {
    var start = 0
    var raw: [ArraySlice<UInt8>] = []
    while let feed = bytes[start...].firstIndex(of: 10) {
      var line = bytes[start..<feed]
      if line.last == 13 { line.removeLast() }
      start = feed + 1
      if line.isEmpty { break }
      raw.append(line)
    }
    guard start >= 2, bytes[start - 1] == 10, let first = raw.first else { return nil }
    guard bytes[start - 2] == 10 || bytes[start - 2] == 13 else { return nil }
    startLine = first
    end = start
    for line in raw.dropFirst() {
      let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
      let value = colon < line.endIndex ? line[(colon + 1)...] : []
      lines.append(
        Line(
          bytes: line, name: Self.trimmed(line[..<colon]).map(Self.lowercased),
          value: Array(Self.trimmed(value))))
    }
  }

  static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard let first = bytes.firstIndex(where: { $0 > 0x20 && $0 != 0x7f }),
      let last = bytes.lastIndex(where: { $0 > 0x20 && $0 != 0x7f })
    else { return [] }
    return bytes[first...last]
  }

  static func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
  }

  func values(of name: String) -> [[UInt8]] {
    let name = Array(name.utf8)
    return lines.filter { $0.name == name }.map(\.value)
  }

  /// The members of all fields of that name, in lower case.
  func members(of name: String) -> [[UInt8]] {
    values(of: name).flatMap { value in
      value.split(separator: UInt8(ascii: ",")).map { Self.trimmed($0).map(Self.lowercased) }
    }
  }

  /// How the body is delimited, for a reader who believes Transfer-Encoding before Content-Length.
  /// Nil where the head leaves it open.
  enum Body: Equatable {
    case none
    case length(UInt64)
    case chunked
  }

  var body: Body? {
    let codings = members(of: "transfer-encoding")
    let lengths = values(of: "content-length")
    guard codings.isEmpty else {
      return lengths.isEmpty && codings == [Array("chunked".utf8)] ? .chunked : nil
    }
    guard let first = lengths.first else {
      return values(of: "transfer-encoding").isEmpty ? Body.none : nil
    }
    guard lengths.allSatisfy({ Self.decimal($0) == Self.decimal(first) }) else { return nil }
    return Self.decimal(first).map(Body.length)
  }

  static func decimal(_ digits: [UInt8]) -> UInt64? {
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return UInt64(String(decoding: digits, as: UTF8.self))
  }

  /// RFC 9112 §9.3, by the version digit.
  func keepsAlive(minor: UInt8) -> Bool {
    let options = members(of: "connection")
    if options.contains(Array("close".utf8)) { return false }
    return minor == UInt8(ascii: "1") || options.contains(Array("keep-alive".utf8))
  }
}
