internal import Addressing

/// Texts that come again and again, each kept once and known by a small number.
struct TextPool: Sendable {
  private var bytes: [UInt8] = []
  /// Where each text begins, and where the last one ends.
  private var bounds: [Int] = [0]
  /// Numbers plus one, by their texts' hashes; 0 is a free place. A power of two of them, at most
  /// half in use.
  private var table: [UInt32] = Array(repeating: 0, count: 1 << 10)

  var count: Int { bounds.count - 1 }

  /// The text's number; a new one where it wasn't there.
  mutating func number(of text: Span<UInt8>) -> UInt32 {
    var place = Self.hash(text) & (table.count - 1)
    while table[place] != 0 {
      if self[table[place] - 1, equals: text] { return table[place] - 1 }
      place = (place + 1) & (table.count - 1)
    }
    for index in 0..<text.count { bytes.append(text[index]) }
    bounds.append(bytes.count)
    table[place] = UInt32(count)
    if count * 2 > table.count { grow() }
    return UInt32(count - 1)
  }

  func text(_ number: UInt32) -> String {
    String(decoding: bytes[bounds[Int(number)]..<bounds[Int(number) + 1]], as: UTF8.self)
  }

  private subscript(number: UInt32, equals text: Span<UInt8>) -> Bool {
    let start = bounds[Int(number)]
    guard bounds[Int(number) + 1] - start == text.count else { return false }
    let bytes = self.bytes.span
    for index in 0..<text.count where bytes[start + index] != text[index] { return false }
    return true
  }

  private mutating func grow() {
    var larger = [UInt32](repeating: 0, count: table.count * 2)
    for number in 0..<count {
      let text = bytes.span.extracting(bounds[number]..<bounds[number + 1])
      var place = Self.hash(text) & (larger.count - 1)
      while larger[place] != 0 { place = (place + 1) & (larger.count - 1) }
      larger[place] = UInt32(number + 1)
    }
    table = larger
  }

  /// With the process's random seed: who chooses the texts can't choose where they go.
  private static func hash(_ text: Span<UInt8>) -> Int {
    var hasher = Hasher()
    var word: UInt64 = 0
    for index in 0..<text.count {
      word = word << 8 | UInt64(text[index])
      if index & 7 == 7 {
        hasher.combine(word)
        word = 0
      }
    }
    hasher.combine(word)
    hasher.combine(text.count)
    return hasher.finalize() & .max
  }
}

/// Whom a flow is for, in little memory.
enum HostID: Hashable {
  /// By its number in a `TextPool`.
  case name(UInt32)
  case address(IPAddress)
}
