/// Reads through the handshake bytes inside TLS records that are known to be whole and sound,
/// stepping over the record headers instead of copying.
struct HandshakeCursor: ~Escapable {
  private let bytes: Span<UInt8>
  private var position = 5
  private var recordEnd: Int
  /// Handshake bytes left in the vector being read; no read passes it.
  private(set) var remaining: Int

  /// `bytes` begin with a record header; the records hold at least `count` handshake bytes.
  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, count: Int) {
    self.bytes = bytes
    recordEnd = 5 + Int(bytes[3]) << 8 + Int(bytes[4])
    remaining = count
  }

  mutating func byte() throws(ClientHelloError) -> UInt8 {
    guard remaining > 0 else { throw .badStructure }
    enterRecord()
    defer {
      position += 1
      remaining -= 1
    }
    return bytes[position]
  }

  mutating func uint16() throws(ClientHelloError) -> Int {
    let high = try byte()
    return Int(high) << 8 | Int(try byte())
  }

  mutating func skip(_ count: Int) throws(ClientHelloError) {
    guard count <= remaining else { throw .badStructure }
    var left = count
    while left > 0 {
      enterRecord()
      let step = min(left, recordEnd - position)
      position += step
      left -= step
    }
    remaining -= count
  }

  /// Narrows what may be read to the next `count` bytes; `leave` undoes it.
  mutating func enter(_ count: Int) throws(ClientHelloError) -> Int {
    guard count <= remaining else { throw .badStructure }
    let outside = remaining - count
    remaining = count
    return outside
  }

  /// Goes on behind the vector, which was read to its end.
  mutating func leave(_ outside: Int) {
    assert(remaining == 0)
    remaining = outside
  }

  private mutating func enterRecord() {
    guard position == recordEnd else { return }
    recordEnd = position + 5 + Int(bytes[position + 3]) << 8 + Int(bytes[position + 4])
    position += 5
  }
}
