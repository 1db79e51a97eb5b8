/// A ClientHello read the plain way: the records' contents are put together, then taken apart.
enum PlainHello: Equatable {
  case needMore
  case hello(HelloContent)
  case malformed

  static func read(_ bytes: [UInt8]) -> PlainHello {
    var message: [UInt8] = []
    var rest = bytes[...]
    while true {
      if let first = message.first, first != 1 { return .malformed }
      if message.count >= 4 {
        let length = 4 + number(message[1..<4])
        if length > 16384 { return .malformed }
        if message.count >= length { return body(message[4..<length]) }
      }
      let header = Array(rest.prefix(5))
      let expected: [ClosedRange<UInt8>] = [22...22, 3...3, 0...255, 0...64, 0...255]
      for (byte, range) in zip(header, expected) where !range.contains(byte) { return .malformed }
      guard header.count == 5 else { return .needMore }
      let length = number(header[3...])
      guard (1...16384).contains(length) else { return .malformed }
      rest = rest.dropFirst(5)
      message += rest.prefix(length)
      if rest.count < length {
        if message.first.map({ $0 != 1 }) ?? false { return .malformed }
        if message.count >= 4 {
          let end = 4 + number(message[1..<4])
          if end > 16384 { return .malformed }
          if message.count >= end { return body(message[4..<end]) }
        }
        return .needMore
      }
      rest = rest.dropFirst(length)
    }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reduce(0) { $0 << 8 | Int($1) }
  }

  /// The vector at the front, whose length takes `width` bytes; nil where it is not all there.
  private static func vector(_ rest: inout ArraySlice<UInt8>, _ width: Int) -> ArraySlice<UInt8>? {
    guard rest.count >= width else { return nil }
    let length = number(rest.prefix(width))
    rest = rest.dropFirst(width)
    guard rest.count >= length else { return nil }
    defer { rest = rest.dropFirst(length) }
    return rest.prefix(length)
  }

  private static func body(_ bytes: ArraySlice<UInt8>) -> PlainHello {
    guard bytes.count >= 34, bytes.first == 3 else { return .malformed }
    var rest = bytes.dropFirst(34)
    guard let session = vector(&rest, 1), session.count <= 32,
      let suites = vector(&rest, 2), suites.count >= 2, suites.count % 2 == 0,
      let compressions = vector(&rest, 1), !compressions.isEmpty
    else { return .malformed }
    if rest.isEmpty { return .hello(HelloContent()) }
    guard var block = vector(&rest, 2), rest.isEmpty else { return .malformed }
    var hello = HelloContent()
    var types: [Int] = []
    while !block.isEmpty {
      guard block.count >= 2 else { return .malformed }
      let type = number(block.prefix(2))
      block = block.dropFirst(2)
      guard let content = vector(&block, 2), !types.contains(type) else { return .malformed }
      types.append(type)
      if type == 0xfe0d { hello.offersEncryptedClientHello = true }
      if type == 0 {
        guard let name = name(content) else { return .malformed }
        hello.name = name
      }
    }
    return types.filter { $0 > 255 }.count <= 64 ? .hello(hello) : .malformed
  }

  /// Empty where no host name is in the list.
  private static func name(_ content: ArraySlice<UInt8>) -> [UInt8]? {
    var outer = content
    guard var list = vector(&outer, 2), outer.isEmpty, !list.isEmpty else { return nil }
    var found: [UInt8]?
    while let type = list.popFirst() {
      guard let name = vector(&list, 2) else { return nil }
      guard type == 0 else { continue }
      guard found == nil, (1...255).contains(name.count) else { return nil }
      found = Array(name)
    }
    return found ?? []
  }
}
