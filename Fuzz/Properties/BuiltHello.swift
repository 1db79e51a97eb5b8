import SeededRandom

/// A sound ClientHello whose shape and contents the fuzzer's bytes decide.
struct BuiltHello {
  private(set) var expected = HelloContent()
  private var message: [UInt8] = []

  init(_ bytes: [UInt8], _ random: inout SeededGenerator) {
    var rest = bytes[...]
    func take(_ count: Int) -> [UInt8] {
      let taken = Array(rest.prefix(count))
      rest = rest.dropFirst(count)
      return taken + [UInt8](repeating: 0x61, count: count - taken.count)
    }
    func choice(_ range: ClosedRange<Int>) -> Int {
      range.lowerBound + Int(take(1)[0]) % range.count
    }

    var extensions: [[UInt8]] = []
    for index in 0..<choice(0...9) {
      extensions.append(Self.uint16(1000 + index) + Self.vector(take(choice(0...40)), 2))
    }
    if choice(0...3) > 0 {
      expected.name = take(choice(1...255))
      var list = [0] + Self.vector(expected.name, 2)
      // Names of another type may stand before and behind it.
      if choice(0...3) == 0 { list = [7] + Self.vector(take(choice(0...9)), 2) + list }
      if choice(0...3) == 0 { list += [1] + Self.vector(take(choice(0...9)), 2) }
      let place = Int.random(in: 0...extensions.count, using: &random)
      extensions.insert(Self.uint16(0) + Self.vector(Self.vector(list, 2), 2), at: place)
    }
    if choice(0...3) == 0 {
      expected.offersEncryptedClientHello = true
      let place = Int.random(in: 0...extensions.count, using: &random)
      extensions.insert(Self.uint16(0xfe0d) + Self.vector(take(choice(0...80)), 2), at: place)
    }
    var body = [3] + take(33)
    body += Self.vector(take(choice(0...32)), 1)
    body += Self.vector(take(2 * choice(1...40)), 2)
    body += Self.vector(take(choice(1...3)), 1)
    if !extensions.isEmpty || choice(0...1) == 0 {
      body += Self.vector(extensions.flatMap { $0 }, 2)
    }
    message = [1] + Self.vector(body, 3)
  }

  /// The message over records of random lengths, and maybe something behind it.
  func records(_ random: inout SeededGenerator) -> [UInt8] {
    var wire: [UInt8] = []
    var rest = message[...]
    let longest = [1, 9, 200, 16384].randomElement(using: &random) ?? 1
    while !rest.isEmpty {
      let part = rest.prefix(Int.random(in: 1...longest, using: &random))
      wire += [22, 3, UInt8.random(in: 0...255, using: &random)] + Self.vector(Array(part), 2)
      rest = rest.dropFirst(part.count)
    }
    return Bool.random(using: &random) ? wire : wire + [23, 3, 3, 0, 1, 9]
  }

  private static func uint16(_ value: Int) -> [UInt8] {
    [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
  }

  /// `bytes` behind their length, which takes `width` bytes.
  private static func vector(_ bytes: [UInt8], _ width: Int) -> [UInt8] {
    (0..<width).reversed().map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
  }
}
