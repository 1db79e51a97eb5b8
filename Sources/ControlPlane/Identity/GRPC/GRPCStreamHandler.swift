internal import Kernel
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// One call on its HTTP/2 stream: sends the request, hands over messages as they become whole, and
/// says once how the call ended. Lives on the connection's event loop.
final class GRPCStreamHandler: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias OutboundOut = HTTP2Frame.FramePayload

  private let request: GRPCRequest
  private let receive: (SecretBytes) -> Void
  private var end: ((GRPCEnd) -> Void)?
  private var reader: GRPCMessageReader
  private var hasHead = false

  init(
    _ request: GRPCRequest, receive: @escaping (SecretBytes) -> Void,
    end: @escaping (GRPCEnd) -> Void
  ) {
    self.request = request
    self.receive = receive
    self.end = end
    reader = GRPCMessageReader(limit: request.messageLimit)
  }

  func channelActive(context: ChannelHandlerContext) {
    let head = HTTP2Frame.FramePayload.headers(.init(headers: request.fields))
    context.write(Self.wrapOutboundOut(head), promise: nil)
    let body = context.channel.allocator.buffer(bytes: request.body)
    let data = HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(body), endStream: true))
    context.writeAndFlush(Self.wrapOutboundOut(data), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard end != nil else { return }
    switch Self.unwrapInboundIn(data) {
    case .headers(let frame): take(frame)
    case .data(let frame): take(frame)
    case .rstStream(let code): reset(code)
    default: break
    }
  }

  func channelInactive(context: ChannelHandlerContext) { finish(.closed) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case let closed as NIOHTTP2Errors.StreamClosed: reset(closed.errorCode)
    case is NIOHTTP2Errors.NoSuchStream: finish(.closed)
    default: finish(.reset(code: HTTP2ErrorCode.protocolError.networkCode))
    }
    context.close(promise: nil)
  }

  private func take(_ frame: HTTP2Frame.FramePayload.Headers) {
    if !hasHead {
      // An interim answer: the real one follows.
      if frame.headers.first(name: ":status")?.hasPrefix("1") == true { return }
      hasHead = true
      if let status = GRPCStatus(head: frame.headers) { return finish(.status(status)) }
    }
    guard frame.endStream else { return }
    let status = GRPCStatus(trailers: frame.headers)
    guard status.code != .ok || reader.isBetweenMessages else {
      return finish(.malformed(.cutOff))
    }
    finish(.status(status))
  }

  private func take(_ frame: HTTP2Frame.FramePayload.Data) {
    guard case .byteBuffer(var buffer) = frame.data else { return }
    do throws(GRPCFramingError) {
      while let message = try reader.next(&buffer) {
        receive(message)
        // The receiver may have ended the call.
        guard end != nil else { return }
      }
    } catch {
      return finish(.malformed(error))
    }
    if frame.endStream {
      finish(.status(GRPCStatus(trailers: HPACKHeaders())))
    }
  }

  private func reset(_ code: HTTP2ErrorCode) {
    finish(code == .noError ? .closed : .reset(code: code.networkCode))
  }

  private func finish(_ how: GRPCEnd) {
    guard let end else { return }
    self.end = nil
    end(how)
  }
}

/// What is asked of a gRPC server.
struct GRPCRequest: Sendable {
  /// `/package.Service/Method`.
  var path: String
  /// The message, encoded.
  var message: [UInt8] = []
  var userAgent = "portarium"
  var messageLimit = GRPCMessageReader.defaultLimit

  fileprivate var fields: HPACKHeaders {
    [
      ":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost",
      "te": "trailers", "content-type": "application/grpc", "user-agent": userAgent,
      // Agents refuse whoever doesn't say this (SPIFFE Workload Endpoint §3): somebody who can make
      // another program send requests rarely chooses their fields too.
      "workload.spiffe.io": "true",
    ]
  }

  fileprivate var body: [UInt8] {
    let count = message.count
    return [0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + message
  }
}
