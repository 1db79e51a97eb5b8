import NIOCore
import NIOHTTP1

/// One connection to the admin or the health port: reads requests, asks the router, writes what it
/// says. Lives on the admin thread.
final class AdminConnection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let router: AdminRouter
  private let limits: AdminLimits
  private let findSurface: (any Channel) -> AdminRouter.Surface
  /// Known from the moment on that the connection is open.
  private var surface: AdminRouter.Surface?
  private var request: HTTPRequestHead?
  private var body: [UInt8] = []
  private var deadline: Scheduled<Void>?

  /// - Parameter surface: called once, with the open channel.
  init(
    router: AdminRouter, limits: AdminLimits,
    surface: @escaping (any Channel) -> AdminRouter.Surface
  ) {
    self.router = router
    self.limits = limits
    findSurface = surface
  }

  func channelActive(context: ChannelHandlerContext) {
    surface = findSurface(context.channel)
    armDeadline(context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    case .head(let head):
      if head.announcesBody, bodyLimit(head) == 0 {
        respond(.failure(413, "ContentTooLarge"), to: head, closing: true, context)
      } else {
        request = head
        body = []
      }
    case .body(let part):
      // Without a head it is the rest of what was refused: the answer has been given, the end is near.
      guard let head = request else { return }
      guard body.count + part.readableBytes <= bodyLimit(head) else {
        request = nil
        return respond(.failure(413, "ContentTooLarge"), to: head, closing: true, context)
      }
      body += part.readableBytesView
    case .end:
      guard let head = request, let surface else { return }
      request = nil
      // A client that sends on without reading would have us hold its responses.
      guard context.channel.isWritable else { return context.close(promise: nil) }
      let response = router.respond(to: AdminRequest(head, body: body), on: surface)
      let closing = !head.isKeepAlive || head.version != .http1_1
      respond(response, to: head, closing: closing, context)
      armDeadline(context)
    }
  }

  private func bodyLimit(_ head: HTTPRequestHead) -> Int {
    router.bodyLimit(method: head.method.rawValue, path: AdminRequest(head, body: []).path)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func respond(
    _ response: AdminResponse, to request: HTTPRequestHead, closing: Bool,
    _ context: ChannelHandlerContext
  ) {
    var fields: HTTPHeaders = [
      "content-type": response.contentType,
      "content-length": "\(response.body.count)",
      "cache-control": "no-store",
    ]
    if let allow = response.allow { fields.add(name: "allow", value: allow) }
    if closing { fields.add(name: "connection", value: "close") }
    let head = HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: response.status), headers: fields)
    context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
    if request.method != .HEAD {
      let body = context.channel.allocator.buffer(bytes: response.body)
      context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    let written = context.writeAndFlush(Self.wrapOutboundOut(.end(nil)))
    if closing { written.assumeIsolated().whenComplete { _ in context.close(promise: nil) } }
  }

  private func armDeadline(_ context: ChannelHandlerContext) {
    deadline?.cancel()
    let channel = context.channel
    let time = TimeAmount.nanoseconds(Int64(limits.requestSeconds * 1e9))
    deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }
}

extension HTTPRequestHead {
  /// A body follows, if only an empty one in chunks.
  fileprivate var announcesBody: Bool {
    headers.contains(name: "transfer-encoding")
      || headers["content-length"].contains { $0 != "0" }
  }
}

extension AdminRequest {
  fileprivate init(_ head: HTTPRequestHead, body: [UInt8]) {
    let hosts = head.headers["host"]
    self.init(
      method: head.method.rawValue, target: head.uri, host: hosts.count == 1 ? hosts[0] : nil,
      // Several, as no browser sends them, are nobody's.
      origin: head.headers.contains(name: "origin")
        ? head.headers["origin"].joined(separator: " ") : nil,
      fetchSite: head.headers.first(name: "sec-fetch-site"), body: body)
  }
}
