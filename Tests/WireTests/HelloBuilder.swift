/// Builds a ClientHello, sound unless told otherwise.
struct HelloBuilder {
  var messageType: UInt8 = 1
  var legacyVersion: [UInt8] = [3, 3]
  var session = [UInt8](repeating: 7, count: 32)
  var suites: [UInt8] = [0x13, 0x01, 0x13, 0x02, 0xc0, 0x2f]
  var compressions: [UInt8] = [0]
  /// nil: no extensions block at all.
  var extensions: [[UInt8]]? = []
  /// Behind the extensions, inside the message.
  var trailing: [UInt8] = []
  var record: (type: UInt8, major: UInt8) = (22, 3)

  init(name: String? = nil) {
    extensions = [Self.extension(0x000b, [1, 0])]
    if let name { extensions?.insert(Self.serverName(Array(name.utf8)), at: 0) }
  }

  static func uint16(_ value: Int) -> [UInt8] {
    [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
  }

  static func `extension`(_ type: Int, _ content: [UInt8]) -> [UInt8] {
    uint16(type) + uint16(content.count) + content
  }

  static func nameEntry(_ name: [UInt8], type: UInt8 = 0) -> [UInt8] {
    [type] + uint16(name.count) + name
  }

  static func serverNameList(_ entries: [[UInt8]]) -> [UInt8] {
    let list = entries.flatMap { $0 }
    return Self.extension(0, uint16(list.count) + list)
  }

  static func serverName(_ name: [UInt8]) -> [UInt8] { serverNameList([nameEntry(name)]) }

  /// What a post-quantum key share (X25519MLKEM768, 1216 bytes) makes of a hello.
  static var postQuantumKeyShare: [UInt8] {
    let share = uint16(0x11ec) + uint16(1216) + [UInt8](repeating: 0x5a, count: 1216)
    return Self.extension(51, uint16(share.count) + share)
  }

  /// An outer Encrypted ClientHello, as GREASE and real ones look.
  static var encryptedClientHello: [UInt8] {
    Self.extension(
      0xfe0d,
      [0] + [0, 1, 0, 1] + [9] + uint16(32) + [UInt8](repeating: 3, count: 32) + uint16(144)
        + [UInt8](repeating: 4, count: 144))
  }

  /// The handshake message.
  var message: [UInt8] {
    var body = legacyVersion + [UInt8](repeating: 0xab, count: 32)
    body += [UInt8(session.count)] + session
    body += Self.uint16(suites.count) + suites
    body += [UInt8(compressions.count)] + compressions
    if let extensions {
      let block = extensions.flatMap { $0 }
      body += Self.uint16(block.count) + block
    }
    body += trailing
    return [messageType, UInt8(body.count >> 16)] + Self.uint16(body.count) + body
  }

  var bytes: [UInt8] { bytes(split: message.count) }

  /// The message in records of `split` bytes.
  func bytes(split: Int) -> [UInt8] {
    Self.records(message, split: split, type: record.type, major: record.major)
  }

  static func records(
    _ message: [UInt8], split: Int, type: UInt8 = 22, major: UInt8 = 3
  ) -> [UInt8] {
    stride(from: 0, to: message.count, by: split).flatMap { start in
      let part = message[start..<min(start + split, message.count)]
      return [type, major, 1] + uint16(part.count) + part
    }
  }

  /// A sound hello for `name` whose message has exactly `count` bytes, padded (RFC 7685).
  static func padded(name: String, to count: Int) -> HelloBuilder {
    var hello = HelloBuilder(name: name)
    let padding = count - hello.message.count - 4
    hello.extensions?.append(Self.extension(21, [UInt8](repeating: 0, count: padding)))
    return hello
  }
}
