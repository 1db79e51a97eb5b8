import SeededRandom
import Wire

/// Any bytes as a chunked body: a decoder written apart from ours agrees on where it ends or that it
/// is malformed, however the bytes are cut and whether or not chunk data is looked at.
func checkChunked(_ bytes: [UInt8]) throws(Violation) {
  var reader = ChunkedReader()
  let whole = reader.advance(bytes.span)
  let plain = PlainChunks(bytes)
  switch (whole.state, plain) {
  case (.more, .more(let data)):
    try require(whole.consumed == bytes.count, "\(whole.consumed) bytes consumed of \(bytes.count)")
    try require(reader.dataRemaining == data, "\(reader.dataRemaining) bytes of data, not \(data)")
  case (.complete, .complete(let end)):
    try require(whole.consumed == end, "ends at \(whole.consumed), not at \(end)")
  case (.malformed, .malformed):
    try require(whole.consumed < bytes.count, "malformed by no byte")
  default: throw Violation(description: "\(whole) where \(plain) was expected")
  }

  let ends = (0...bytes.count).map { $0 }
  try requireSameChunks(bytes, whole, ends: ends, skipping: false)
  try requireSameChunks(bytes, whole, ends: ends, skipping: true)
  var random = choices(for: bytes)
  for _ in 0..<3 {
    let ends = (0..<5).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
    let skipping = Bool.random(using: &random)
    try requireSameChunks(bytes, whole, ends: ends + [bytes.count], skipping: skipping)
  }
}

/// Fed up to each of `ends` in turn; where `skipping`, data passes by unseen, as in a relay.
private func requireSameChunks(
  _ bytes: [UInt8], _ whole: ChunkedReader.Progress, ends: [Int], skipping: Bool
) throws(Violation) {
  var reader = ChunkedReader()
  var consumed = 0
  for end in ends where end >= consumed {
    if skipping {
      let count = min(reader.dataRemaining, UInt64(end - consumed))
      reader.skip(count)
      consumed += Int(count)
    }
    let progress = reader.advance(bytes.span.extracting(consumed..<end))
    consumed += progress.consumed
    if progress.state == .more {
      try require(consumed == end, "\(consumed) of \(end) bytes taken, and more asked for")
      continue
    }
    try require(progress.state == whole.state, "\(progress.state) at \(end), \(whole) of all")
    try require(consumed == whole.consumed, "\(consumed) consumed at \(end), \(whole) of all")
    let again = reader.advance(bytes.span.extracting(consumed..<bytes.count))
    try require(again.state == whole.state && again.consumed == 0, "went on after \(whole.state)")
    return
  }
  try require(whole.state == .more, "more at the end, \(whole) of all")
}

/// RFC 9112 §7.1 read line by line, with the bounds that `ChunkedReader` documents.
enum PlainChunks: Equatable {
  /// So many bytes of chunk data are still to come.
  case more(data: UInt64)
  case complete(end: Int)
  case malformed

  init(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while true {
      guard let line = Line(&rest) else { self = .malformed; return }
      guard let size = Self.size(line) else { self = .malformed; return }
      guard line.isWhole else { self = .more(data: 0); return }
      if size == 0 { break }
      guard size <= UInt64(rest.count) else {
        self = .more(data: size - UInt64(rest.count)); return
      }
      rest = rest.dropFirst(Int(size))
      guard let end = Line(&rest), end.text.isEmpty else { self = .malformed; return }
      guard end.isWhole else { self = .more(data: 0); return }
    }
    self = Self.trailers(rest)
  }

  /// Up to a CR, and whether the CRLF is there. Nil where CR or LF stands alone.
  private struct Line {
    var text: ArraySlice<UInt8>
    var isWhole = false

    init?(_ rest: inout ArraySlice<UInt8>) {
      text = rest.prefix { $0 != 13 && $0 != 10 }
      rest = rest.dropFirst(text.count)
      guard let end = rest.first else { return }
      guard end == 13, rest.count == 1 || rest.dropFirst().first == 10 else { return nil }
      isWhole = rest.count >= 2
      // A CR that ends the input has ended the text, too: what stands in it is all there is.
      hasReturn = true
      rest = rest.dropFirst(2)
    }

    var hasReturn = false
  }

  /// Of the chunk, 0 for a line that has yet to begin. Nil where it is malformed.
  private static func size(_ line: Line) -> UInt64? {
    let digits = line.text.prefix { $0 != UInt8(ascii: ";") }
    let hasExtension = digits.count < line.text.count
    let extensions = line.text.dropFirst(digits.count + 1)
    if digits.isEmpty { return line.hasReturn || hasExtension ? nil : 0 }
    guard digits.count <= 16, extensions.count <= 1024 else { return nil }
    guard extensions.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 9 }) else { return nil }
    guard digits.allSatisfy({ $0 < 0x80 && $0 != 0x2b && $0 != 0x2d }) else { return nil }
    return Int64(String(decoding: digits, as: UTF8.self), radix: 16).map { UInt64($0) }
  }

  /// RFC 9110 §6.5.1: no field that frames or addresses the message, none under our name.
  private static func trailers(_ section: ArraySlice<UInt8>) -> PlainChunks {
    let limit = 8192
    var rest = section
    var fields = 0
    while true {
      guard let line = Line(&rest) else { return .malformed }
      let taken = section.count - rest.count
      guard taken <= limit else { return .malformed }
      if line.text.isEmpty {
        return line.isWhole ? .complete(end: rest.startIndex) : .more(data: 0)
      }
      fields += 1
      guard fields <= 64 else { return .malformed }
      let name = line.text.prefix { $0 != UInt8(ascii: ":") }
      let hasColon = name.count < line.text.count
      guard !name.isEmpty, hasColon || !line.hasReturn, name.allSatisfy(isToken) else {
        return .malformed
      }
      let value = line.text.dropFirst(name.count + 1)
      guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 9 }) else { return .malformed }
      let lower = name.map(LenientHead.lowercased)
      let framing = ["host", "content-length", "transfer-encoding"].map { Array($0.utf8) }
      guard !hasColon || !framing.contains(lower) && !isReserved(lower) else { return .malformed }
      guard line.isWhole else { return .more(data: 0) }
    }
  }

  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
