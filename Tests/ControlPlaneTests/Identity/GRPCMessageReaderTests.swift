import Kernel
import NIOCore
import Testing

@testable import ControlPlane

@Suite("The body of a gRPC response")
struct GRPCMessageReaderTests {
  typealias Buffer = NIOCore.ByteBuffer

  static func framed(_ messages: [[UInt8]]) -> [UInt8] {
    var body: [UInt8] = []
    for message in messages {
      let length = message.count
      body += [0, 0, UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255)]
      body += message
    }
    return body
  }

  static let messages: [[UInt8]] = [
    [1, 2, 3], [], [UInt8](repeating: 7, count: 1000), [0], [0, 0, 0, 0, 1, 9],
  ]

  /// The messages in `pieces`, each of which is one DATA frame.
  static func read(_ pieces: [[UInt8]], limit: Int = 1 << 20) throws(GRPCFramingError) -> (
    messages: [[UInt8]], isWhole: Bool
  ) {
    var reader = GRPCMessageReader(limit: limit)
    var found: [[UInt8]] = []
    for piece in pieces {
      var buffer = Buffer(bytes: piece)
      while let message = try reader.next(&buffer) { found.append(message.copy(0..<message.count)) }
      #expect(buffer.readableBytes == 0)
    }
    return (found, reader.isBetweenMessages)
  }

  @Test("is cut into its messages wherever frames begin", arguments: [1, 2, 3, 5, 7, 64, 4096])
  func anyFrames(_ size: Int) throws {
    let body = Self.framed(Self.messages)
    let pieces = stride(from: 0, to: body.count, by: size).map {
      Array(body[$0..<min($0 + size, body.count)])
    }
    let read = try Self.read(pieces)
    #expect(read.messages == Self.messages)
    #expect(read.isWhole)
  }

  @Test func `isn't whole in the middle of a message or of its prefix`() throws {
    let body = Self.framed([[1, 2, 3]])
    for count in 1..<body.count {
      let read = try Self.read([Array(body.prefix(count))])
      #expect(read.messages.isEmpty)
      #expect(!read.isWhole, "\(count)")
    }
    #expect(try Self.read([]).isWhole)
  }

  @Test(
    arguments: [
      ([1, 0, 0, 0, 0], GRPCFramingError.compressed), ([2, 0, 0, 0, 0], .unknownFlag),
      ([255, 0, 0, 0, 0], .unknownFlag), ([0, 0, 0, 0, 101], .tooLong),
      ([0, 255, 255, 255, 255], .tooLong), ([0, 0, 0, 0, 1, 9, 1, 0, 0, 0, 0], .compressed),
    ] as [([UInt8], GRPCFramingError)])
  func isRefused(_ body: [UInt8], _ error: GRPCFramingError) {
    #expect(throws: error) { try Self.read([body], limit: 100) }
    #expect(throws: error) { try Self.read(body.map { [$0] }, limit: 100) }
  }

  @Test func `may have a message as long as the limit`() throws {
    let message = [UInt8](repeating: 1, count: 100)
    #expect(try Self.read([Self.framed([message])], limit: 100).messages == [message])
  }
}
