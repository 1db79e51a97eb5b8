import Samples
import Wire

extension Suite {
  /// What a response costs beside the sockets.
  mutating func measureResponses() throws {
    for (name, bytes) in [("5 fields", Heads.answer), ("24 fields", Heads.longAnswer)] {
      try measure("response head: \(name)", bytes: bytes.count, ReadResponseHead(bytes: bytes))
    }
    let bodies = [
      ("one of 16 KiB", Self.body(chunk: 16384, count: 1)),
      ("16 of 1 KiB", Self.body(chunk: 1024, count: 16)),
      ("512 of 32 bytes", Self.body(chunk: 32, count: 512)),
      ("16 of 1 KiB, signed", Self.body(chunk: 1024, count: 16, isSigned: true)),
    ]
    for (name, bytes) in bodies {
      try measure("chunks: \(name)", bytes: bytes.count, ReadChunks(bytes: bytes))
    }
  }

  /// - Parameter isSigned: with a signature beside each chunk's size, as S3 has them.
  private static func body(chunk: Int, count: Int, isSigned: Bool = false) -> [UInt8] {
    let signature = isSigned ? ";chunk-signature=\(String(repeating: "f", count: 64))" : ""
    let size = String(chunk, radix: 16) + signature + "\r\n"
    let text = size + String(repeating: "x", count: chunk) + "\r\n"
    return Array((String(repeating: text, count: count) + "0\(signature)\r\n\r\n").utf8)
  }
}

private struct ReadResponseHead: Operation {
  let bytes: [UInt8]

  mutating func perform() -> Int {
    var reader = ResponseHeadReader(isHEAD: false)
    guard case .found(let head) = reader.advance(bytes.span) else { return 0 }
    return head.length + Int(head.status)
  }
}

private struct ReadChunks: Operation {
  let bytes: [UInt8]

  mutating func perform() -> Int {
    var reader = ChunkedReader()
    let progress = reader.advance(bytes.span)
    return progress.state == .complete ? progress.consumed : 0
  }
}
