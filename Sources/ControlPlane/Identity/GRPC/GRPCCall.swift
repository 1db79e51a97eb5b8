internal import Addressing
internal import Glibc
internal import Kernel
internal import NIOCore
internal import NIOHTTP2
internal import NIOPosix

/// One call of a gRPC method on a connection of its own, over plain HTTP/2. Who the caller is, the
/// server asks the kernel (SPIFFE Workload Endpoint §3.1 wants no TLS).
///
/// Made, used and let go of on one event loop.
final class GRPCCall {
  struct Timing: Hashable, Sendable {
    var connect = TimeAmount.seconds(5)
    /// From the connection to the first message; the API sends it "as soon as possible, without
    /// delay" (SPIFFE Workload API §4.3).
    var firstMessage = TimeAmount.seconds(30)
    /// Servers of gRPC allow one ping in five minutes, and cut off who pings more often.
    var pingInterval = TimeAmount.seconds(330)
    var pingAnswer = TimeAmount.seconds(20)
  }

  private let loop: any EventLoop
  private let request: GRPCRequest
  private let timing: Timing
  private let receive: (SecretBytes) -> Void
  private var end: ((GRPCEnd) -> Void)?
  private var channel: (any Channel)?
  private var deadline: Scheduled<Void>?

  /// - Parameters:
  ///   - receive: takes each message, on the loop.
  ///   - end: called once, on the loop, unless the call is cancelled before.
  init(
    _ request: GRPCRequest, to endpoint: WorkloadEndpoint, timing: Timing, on loop: any EventLoop,
    receive: @escaping (SecretBytes) -> Void, end: @escaping (GRPCEnd) -> Void
  ) {
    loop.preconditionInEventLoop()
    self.loop = loop
    self.request = request
    self.timing = timing
    self.receive = receive
    self.end = end
    connect(to: endpoint)
  }

  /// Ends the call without a word to the callbacks.
  func cancel() {
    end = nil
    deadline?.cancel()
    channel?.close(promise: nil)
    channel = nil
  }

  private func connect(to endpoint: WorkloadEndpoint) {
    let bound = NIOLoopBound(self, eventLoop: loop)
    let timing = timing
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(timing.connect)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          _ = try pipeline.configureHTTP2Pipeline(
            mode: .client, connectionConfiguration: .workloadAPI, streamConfiguration: .init(),
            inboundStreamInitializer: { $0.close() })
          try pipeline.addHandler(
            KeepAliveHandler(interval: timing.pingInterval, answer: timing.pingAnswer) {
              bound.value.finish(.silent)
            })
        }
      }
    let connected: EventLoopFuture<any Channel>
    switch endpoint {
    case .unix(let path): connected = bootstrap.connect(unixDomainSocketPath: path)
    case .tcp(let endpoint):
      connected = bootstrap.keepingAlive().connect(
        host: "\(endpoint.address)", port: Int(endpoint.port))
    }
    connected.hop(to: loop).assumeIsolated().whenComplete { result in
      switch result {
      case .success(let channel): self.open(channel)
      case .failure(let error): self.finish(.unreachable(Errno(connecting: error)))
      }
    }
  }

  private func open(_ channel: any Channel) {
    guard end != nil else { return channel.close(promise: nil) }
    self.channel = channel
    let bound = NIOLoopBound(self, eventLoop: loop)
    deadline = loop.assumeIsolated().scheduleTask(in: timing.firstMessage) {
      self.finish(.silent)
    }
    do {
      let http2 = try channel.pipeline.syncOperations.handler(type: NIOHTTP2Handler.self)
      let opened = try http2.syncMultiplexer().createStreamChannel { [request] stream in
        stream.eventLoop.makeCompletedFuture {
          let call = bound.value
          try stream.pipeline.syncOperations.addHandler(
            GRPCStreamHandler(
              request, receive: { call.received($0) }, end: { call.finish($0) }))
        }
      }
      opened.hop(to: loop).assumeIsolated().whenFailure { _ in self.finish(.closed) }
    } catch {
      // The connection has ended already, and its handlers with it.
      finish(.closed)
    }
  }

  private func received(_ message: SecretBytes) {
    guard end != nil else { return }
    deadline?.cancel()
    receive(message)
  }

  private func finish(_ how: GRPCEnd) {
    guard let end else { return }
    cancel()
    end(how)
  }
}

extension ClientBootstrap {
  /// A host that vanishes without a word is noticed within a minute (tcp(7)).
  fileprivate func keepingAlive() -> ClientBootstrap {
    channelOption(.socketOption(.so_keepalive), value: 1)
      .channelOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: 30)
      .channelOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: 10)
      .channelOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: 3)
  }
}

extension NIOHTTP2Handler.ConnectionConfiguration {
  /// What a client says who takes no pushes, and few other things.
  fileprivate static var workloadAPI: Self {
    var configuration = Self()
    configuration.initialSettings = [
      HTTP2Setting(parameter: .enablePush, value: 0),
      HTTP2Setting(parameter: .maxConcurrentStreams, value: 0),
      HTTP2Setting(parameter: .maxHeaderListSize, value: 16384),
    ]
    return configuration
  }
}

extension Errno {
  /// Of whatever NIO fails to connect with.
  fileprivate init(connecting error: any Error) {
    switch error {
    case let error as IOError: self.init(error.errnoCode)
    case let error as NIOConnectionError:
      // An address stands there, so there was one attempt.
      guard let attempt = error.connectionErrors.first?.error, !(attempt is NIOConnectionError)
      else {
        self = .addressNotAvailable
        return
      }
      self.init(connecting: attempt)
    case ChannelError.connectTimeout: self = .timedOut
    default: self.init(EIO)
    }
  }
}
