internal import NIOCore
internal import NIOHTTP2

/// Asks the server now and then whether it is still there (RFC 9113 §6.7), and closes the connection
/// where it doesn't say so: a process that hangs keeps its sockets open.
final class KeepAliveHandler: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  typealias InboundOut = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  private let interval: TimeAmount
  private let answer: TimeAmount
  private let silent: @Sendable () -> Void
  private var next: Scheduled<Void>?

  /// - Parameters:
  ///   - interval: from the connection or an answer to the next ping.
  ///   - answer: how long one may take.
  ///   - silent: called on the event loop before the connection is closed.
  init(interval: TimeAmount, answer: TimeAmount, silent: @escaping @Sendable () -> Void) {
    self.interval = interval
    self.answer = answer
    self.silent = silent
  }

  func channelActive(context: ChannelHandlerContext) {
    schedule(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    next?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .ping(_, ack: true) = Self.unwrapInboundIn(data).payload { schedule(context) }
    context.fireChannelRead(data)
  }

  /// A peer that doesn't keep to HTTP/2: there is nothing to go on with.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func schedule(_ context: ChannelHandlerContext) {
    next?.cancel()
    next = context.eventLoop.assumeIsolated().scheduleTask(in: interval) {
      self.ping(context)
    }
  }

  private func ping(_ context: ChannelHandlerContext) {
    let frame = HTTP2Frame(streamID: .rootStream, payload: .ping(HTTP2PingData(), ack: false))
    context.writeAndFlush(Self.wrapOutboundOut(frame), promise: nil)
    next = context.eventLoop.assumeIsolated().scheduleTask(in: answer) { [silent] in
      silent()
      context.close(promise: nil)
    }
  }
}
