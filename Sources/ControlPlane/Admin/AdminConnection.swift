import NIOCore
import NIOHTTP1

/// One connection to the admin or the health port: reads requests, asks the router, writes what it
/// says. Lives on the admin thread.
final class AdminConnection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let router: AdminRouter
  private let surface: AdminRouter.Surface
  private let limits: AdminLimits
  private var request: HTTPRequestHead?
  private var deadline: Scheduled<Void>?

  init(router: AdminRouter, surface: AdminRouter.Surface, limits: AdminLimits) {
    self.router = router
    self.surface = surface
    self.limits = limits
  }

  func channelActive(context: ChannelHandlerContext) {
    armDeadline(context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    case .head(let head):
      if head.announcesBody {
        respond(.failure(413, "ContentTooLarge"), to: head, closing: true, context)
      } else {
        request = head
      }
    case .body:
      // Only behind a head that announced it: the answer has been given, the end is near.
      break
    case .end:
      guard let head = request else { return }
      request = nil
      // A client that sends on without reading would have us hold its responses.
      guard context.channel.isWritable else { return context.close(promise: nil) }
      let response = router.respond(to: head.method.rawValue, head.uri, on: surface)
      let closing = !head.isKeepAlive || head.version != .http1_1
      respond(response, to: head, closing: closing, context)
      armDeadline(context)
    }
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
  /// A body follows, if only an empty one in chunks. No resource takes one.
  fileprivate var announcesBody: Bool {
    headers.contains(name: "transfer-encoding")
      || headers["content-length"].contains { $0 != "0" }
  }
}
