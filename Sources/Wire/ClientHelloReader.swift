/// Reads the ClientHello out of a connection's first bytes, over any number of TLS records.
///
/// Nothing is copied: once the message is complete it is read through a cursor that steps over
/// record headers.
package struct ClientHelloReader: Sendable {
  package enum Outcome: Sendable {
    case needMore
    case found(ClientHello)
    /// A sound hello that names no host.
    case noName(ClientHello)
    case malformed(ClientHelloError)
  }

  private let limit: Int
  /// Offset of the first record that is not complete yet.
  private var recordStart = 0
  /// Handshake bytes in the records before it.
  private var assembled = 0
  /// Bytes of the message, its header included, once the header has come.
  private var messageLength: Int?

  /// `limit` counts handshake bytes, header included; record headers come on top.
  package init(limit: Int = 16384) {
    self.limit = limit
  }

  /// `bytes` are all there are, from the connection's first; work already done is not repeated.
  package mutating func advance(_ bytes: Span<UInt8>) -> Outcome {
    let available: Int
    switch countHandshakeBytes(bytes) {
    case .success(let count): available = count
    case .failure(let error): return .malformed(error)
    }
    if available >= 1 {
      var cursor = HandshakeCursor()
      guard cursor.byte(bytes) == 1 else { return .malformed(.notClientHello) }
    }
    if messageLength == nil, available >= 4 {
      var cursor = HandshakeCursor()
      _ = cursor.byte(bytes)
      let length = cursor.byte(bytes) << 16 | cursor.byte(bytes) << 8 | cursor.byte(bytes)
      guard length + 4 <= limit else { return .malformed(.tooLong) }
      messageLength = length + 4
    }
    guard let messageLength, available >= messageLength else { return .needMore }
    var message = HelloMessage(length: messageLength - 4)
    do {
      let hello = try message.read(bytes)
      return hello.serverNameBytes.isEmpty ? .noName(hello) : .found(hello)
    } catch {
      return .malformed(error)
    }
  }

  /// Steps over every record that is complete and counts what has come of the next.
  private mutating func countHandshakeBytes(
    _ bytes: Span<UInt8>
  ) -> Result<Int, ClientHelloError> {
    while true {
      // The message may end within a record; nothing behind it is judged.
      if let messageLength, assembled >= messageLength { return .success(assembled) }
      let left = bytes.count - recordStart
      if left >= 1, bytes[recordStart] != 22 { return .failure(.badRecord) }
      if left >= 2, bytes[recordStart + 1] != 3 { return .failure(.badRecord) }
      guard left >= 5 else { return .success(assembled) }
      let length = Int(bytes[recordStart + 3]) << 8 | Int(bytes[recordStart + 4])
      guard (1...16384).contains(length) else { return .failure(.badRecordLength) }
      guard left >= 5 + length else { return .success(assembled + left - 5) }
      assembled += length
      recordStart += 5 + length
    }
  }
}

/// Reads handshake bytes one by one over records whose headers were checked before.
struct HandshakeCursor {
  private var position = 0
  private var leftInRecord = 0

  mutating func byte(_ bytes: Span<UInt8>) -> Int {
    enterRecord(bytes)
    let value = bytes[position]
    position += 1
    leftInRecord -= 1
    return Int(value)
  }

  mutating func skip(_ count: Int, _ bytes: Span<UInt8>) {
    var left = count
    while left > 0 {
      enterRecord(bytes)
      let step = min(left, leftInRecord)
      position += step
      leftInRecord -= step
      left -= step
    }
  }

  private mutating func enterRecord(_ bytes: Span<UInt8>) {
    if leftInRecord == 0 {
      leftInRecord = Int(bytes[position + 3]) << 8 | Int(bytes[position + 4])
      position += 5
    }
  }
}

/// The body of a ClientHello (RFC 8446 §4.1.2), read strictly: every length fits exactly.
struct HelloMessage {
  private static let serverName = 0
  private static let encryptedClientHello = 0xfe0d
  /// More extensions than any client sends; a bound for the search for repeated ones.
  private static let maximumExtensions = 128

  private var cursor = HandshakeCursor()
  /// Bytes of the message not read yet.
  private var left: Int
  private var hello = ClientHello()
  private var seen = InlineArray<128, UInt16>(repeating: 0)
  private var seenCount = 0

  init(length: Int) { left = length }

  mutating func read(_ bytes: Span<UInt8>) throws(ClientHelloError) -> ClientHello {
    cursor.skip(4, bytes)
    try skip(2 + 32, bytes)  // legacy_version, random
    let session = try number(1, bytes)
    guard session <= 32 else { throw .badStructure }
    try skip(session, bytes)
    let suites = try number(2, bytes)
    guard suites >= 2, suites % 2 == 0 else { throw .badStructure }
    try skip(suites, bytes)
    let compressions = try number(1, bytes)
    guard compressions >= 1 else { throw .badStructure }
    try skip(compressions, bytes)
    // Extensions are optional as a whole up to TLS 1.2 (RFC 5246 §7.4.1.2).
    if left > 0 {
      guard try number(2, bytes) == left else { throw .badStructure }
      while left > 0 { try readExtension(bytes) }
    }
    return hello
  }

  private mutating func readExtension(_ bytes: Span<UInt8>) throws(ClientHelloError) {
    let type = try number(2, bytes)
    let length = try number(2, bytes)
    guard length <= left else { throw .badStructure }
    for index in 0..<seenCount where seen[index] == UInt16(type) { throw .repeatedExtension }
    guard seenCount < Self.maximumExtensions else { throw .tooManyExtensions }
    seen[seenCount] = UInt16(type)
    seenCount += 1
    switch type {
    case Self.serverName: try readServerNames(length, bytes)
    case Self.encryptedClientHello:
      hello.offersEncryptedClientHello = true
      try skip(length, bytes)
    default: try skip(length, bytes)
    }
  }

  /// RFC 6066 §3.
  private mutating func readServerNames(
    _ length: Int, _ bytes: Span<UInt8>
  ) throws(ClientHelloError) {
    guard length >= 2, try number(2, bytes) == length - 2, length > 2 else { throw .badServerName }
    var listLeft = length - 2
    var hasName = false
    while listLeft > 0 {
      guard listLeft >= 3 else { throw .badServerName }
      let type = try number(1, bytes)
      let count = try number(2, bytes)
      listLeft -= 3
      guard count <= listLeft else { throw .badServerName }
      listLeft -= count
      guard type == 0 else {
        // No other type was ever defined; its entries have the same shape.
        try skip(count, bytes)
        continue
      }
      if hasName { throw .repeatedServerName }
      hasName = true
      guard count > 0 else { throw .emptyServerName }
      guard count <= ClientHello.maximumNameLength else { throw .serverNameTooLong }
      for _ in 0..<count { hello.appendNameByte(UInt8(try number(1, bytes))) }
    }
  }

  private mutating func number(
    _ size: Int, _ bytes: Span<UInt8>
  ) throws(ClientHelloError) -> Int {
    guard left >= size else { throw .badStructure }
    left -= size
    var value = 0
    for _ in 0..<size { value = value << 8 | cursor.byte(bytes) }
    return value
  }

  private mutating func skip(_ count: Int, _ bytes: Span<UInt8>) throws(ClientHelloError) {
    guard left >= count else { throw .badStructure }
    left -= count
    cursor.skip(count, bytes)
  }
}
