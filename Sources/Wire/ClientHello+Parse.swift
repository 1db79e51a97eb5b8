extension ClientHello {
  /// Reads the message's body (RFC 8446 §4.1.2), all of it: every length must fit what holds it.
  init(_ cursor: inout HandshakeCursor) throws(ClientHelloError) {
    self.init()
    guard try cursor.byte() == 3 else { throw .badStructure }
    try cursor.skip(1 + 32)  // minor version, random

    let session = Int(try cursor.byte())
    guard session <= 32 else { throw .badStructure }
    try cursor.skip(session)

    let suites = try cursor.uint16()
    guard suites >= 2, suites.isMultiple(of: 2) else { throw .badStructure }
    try cursor.skip(suites)

    let compression = Int(try cursor.byte())
    guard compression >= 1 else { throw .badStructure }
    try cursor.skip(compression)

    // TLS 1.2 and older may leave the extensions out altogether.
    guard cursor.remaining > 0 else { return }
    guard try cursor.uint16() == cursor.remaining else { throw .badStructure }
    var seen = ExtensionTypes()
    while cursor.remaining > 0 {
      let type = UInt16(try cursor.uint16())
      try seen.insert(type)
      let outside = try cursor.enter(try cursor.uint16())
      switch type {
      case 0: try readServerNames(&cursor)
      case 0xfe0d:
        offersEncryptedClientHello = true
        try cursor.skip(cursor.remaining)
      default: try cursor.skip(cursor.remaining)
      }
      cursor.leave(outside)
    }
  }

  /// RFC 6066 §3. Names of types yet unknown begin with a length, too, and are passed over.
  private mutating func readServerNames(_ cursor: inout HandshakeCursor) throws(ClientHelloError) {
    guard cursor.remaining >= 2, try cursor.uint16() == cursor.remaining, cursor.remaining > 0
    else { throw .badServerName }
    var isNamed = false
    while cursor.remaining > 0 {
      guard cursor.remaining >= 3 else { throw .badServerName }
      let type = try cursor.byte()
      let length = try cursor.uint16()
      guard length <= cursor.remaining else { throw .badServerName }
      guard type == 0 else {
        try cursor.skip(length)
        continue
      }
      guard !isNamed else { throw .repeatedServerName }
      guard length > 0 else { throw .emptyServerName }
      guard length <= Self.maximumNameLength else { throw .serverNameTooLong }
      isNamed = true
      for _ in 0..<length { appendNameByte(try cursor.byte()) }
    }
  }
}

/// The extension types of one hello, to find the one that comes twice (RFC 8446 §4.2).
private struct ExtensionTypes {
  /// Types below 256: all that are registered for a hello but a handful.
  private var low = InlineArray<4, UInt64>(repeating: 0)
  private var high = InlineArray<64, UInt16>(repeating: 0)
  private var highCount = 0

  mutating func insert(_ type: UInt16) throws(ClientHelloError) {
    if type < 256 {
      let bit: UInt64 = 1 << UInt64(type & 63)
      guard low[Int(type >> 6)] & bit == 0 else { throw .repeatedExtension }
      low[Int(type >> 6)] |= bit
      return
    }
    for index in 0..<highCount where high[index] == type { throw .repeatedExtension }
    guard highCount < 64 else { throw .tooManyExtensions }
    high[highCount] = type
    highCount += 1
  }
}
