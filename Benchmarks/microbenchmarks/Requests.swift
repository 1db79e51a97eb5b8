import Kernel
import Samples
import Wire

extension Suite {
  /// What a request's head costs until it can leave.
  mutating func measureRequests() throws {
    let limits = HeadLimits()
    let largest = Heads.largest(fields: limits.maximumFields, bytes: limits.maximumBytes)
    let heads = [
      ("curl, 3 fields", Heads.curl), ("client, 10 fields", Heads.client),
      ("browser, 23 fields", Heads.browser),
      ("largest, \(limits.maximumFields) fields", largest),
    ]
    for (name, bytes) in heads {
      try measure("request head: \(name)", bytes: bytes.count, ReadRequestHead(bytes: bytes))
    }
    let browser = Heads.browser
    try measure(
      "request head: browser, as it comes in 8 reads", bytes: browser.count,
      ReadRequestHead(bytes: browser, reads: 8))

    for (name, bytes) in heads.dropLast() {
      try measure(
        "request rewritten, with trace context: \(name)", bytes: bytes.count,
        Rewrite(bytes: bytes))
    }
  }
}

private struct ReadRequestHead: Operation {
  let bytes: [UInt8]
  var reads = 1

  mutating func perform() -> Int {
    var reader = RequestHeadReader()
    for read in 1...reads {
      let outcome = reader.advance(bytes.span.extracting(first: bytes.count * read / reads))
      if case .found(let head) = outcome { return head.length + head.host.count }
    }
    return 0
  }
}

/// As `Worker.rewrite` does: trace context continued or begun, and the head as it leaves.
private struct Rewrite: Operation, ~Copyable {
  let bytes: [UInt8]
  let head: RequestHead
  var added = ByteBuffer()
  var outgoing = ByteBuffer()

  init(bytes: [UInt8]) {
    self.bytes = bytes
    var reader = RequestHeadReader()
    guard case .found(let head) = reader.advance(bytes.span) else {
      preconditionFailure("the head is sound")
    }
    self.head = head
  }

  mutating func perform() -> Int {
    let bytes = bytes
    return Self.rewrite(head, in: bytes.span, &added, &outgoing)
  }

  private static func rewrite(
    _ head: RequestHead, in bytes: Span<UInt8>, _ added: inout ByteBuffer,
    _ outgoing: inout ByteBuffer
  ) -> Int {
    let context = TraceContext(
      continuing: head, in: bytes, traceID: 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c,
      parentID: 0xb7ad_6b71_6920_3331)
    added.clear()
    added.append(atMost: TraceContext.maximumFieldsLength) {
      context.appendFields(of: head, in: bytes, to: &$0)
    }
    outgoing.clear()
    RequestRewrite.forEachPiece(of: head, replacingTraceContext: true) {
      outgoing.append(bytes[$0])
    }
    outgoing.append(added.bytes)
    outgoing.append("\r\n")
    return outgoing.count
  }
}
