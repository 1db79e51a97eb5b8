import Glibc
import Kernel
package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

/// Serves the admin port on loopback and the health port on all addresses, on one thread of its
/// own.
///
/// Made and stopped by the control thread.
package final class AdminServer: Sendable {
  private let group: MultiThreadedEventLoopGroup
  private let listeners: [any Channel]

  /// Where the admin port listens; differs from what was asked for only where that was 0.
  package let adminPort: UInt16
  /// Nil where the health port is off.
  package let healthPort: UInt16?

  /// Listens, and returns once it does.
  ///
  /// Blocks for as long as binding takes; not to be called from an event loop.
  ///
  /// - Parameters:
  ///   - adminPort: 0 takes a free one, for tests.
  ///   - healthPort: nil leaves it off; 0 takes a free one.
  /// - Throws: the first listener that failed; then none is left open.
  package init(
    adminPort: UInt16, healthPort: UInt16?, router: AdminRouter,
    limits: AdminLimits = AdminLimits(),
    logger: Logger
  ) throws(AdminServerError) {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    var listeners: [any Channel] = []
    do throws(AdminServerError) {
      let admin = Listening(group: group, router: router, limits: limits, asksPeers: true)
      let v4 = try admin.listen(on: "127.0.0.1", port: adminPort)
      listeners.append(v4)
      self.adminPort = v4.port
      do throws(AdminServerError) {
        listeners.append(try admin.listen(on: "::1", port: v4.port))
      } catch  where error.meansNoIPv6 {
        logger.notice("no IPv6 loopback address here: the admin port listens on 127.0.0.1 only")
      }
      if let healthPort {
        let health = Listening(group: group, router: router, limits: limits, asksPeers: false)
        let channel: any Channel
        do throws(AdminServerError) {
          channel = try health.listen(on: "::", port: healthPort)
        } catch  where error.meansNoIPv6 {
          logger.notice("no IPv6 here: the health port listens on 0.0.0.0 only")
          channel = try health.listen(on: "0.0.0.0", port: healthPort)
        }
        listeners.append(channel)
        self.healthPort = channel.port
      } else {
        self.healthPort = nil
      }
    } catch {
      // Why it does not listen is what counts; a thread that fails to end, ends with the process.
      try? group.syncShutdownGracefully()
      throw error
    }
    self.group = group
    self.listeners = listeners
  }

  /// Stops listening, closes every connection and ends the thread.
  package func stop() {
    // It closes the channels of its loops; there is nothing to do about one that fails to.
    try? group.syncShutdownGracefully()
  }
}

/// Bounds of the admin interface, so that whoever can reach it can't exhaust the sidecar.
package struct AdminLimits: Sendable {
  /// Connections per port; one more takes the place of the oldest, so a probe gets through even
  /// where somebody holds connections open.
  package var connections: Int
  /// From accepting, or the last response, to the end of the next request.
  package var requestSeconds: Double

  package init(connections: Int = 64, requestSeconds: Double = 10) {
    self.connections = connections
    self.requestSeconds = requestSeconds
  }
}

/// What the listeners of one port share.
private struct Listening {
  let group: MultiThreadedEventLoopGroup
  let router: AdminRouter
  let limits: AdminLimits
  let connections: NIOLoopBoundBox<[any Channel]>
  /// Asked about the admin port's connections; nil for the health port's, which are anyone's.
  let peers: NIOLoopBoundBox<Result<AdminPeers, Errno>>?

  init(
    group: MultiThreadedEventLoopGroup, router: AdminRouter, limits: AdminLimits, asksPeers: Bool
  ) {
    self.group = group
    self.router = router
    self.limits = limits
    connections = .makeBoxSendingValue([], eventLoop: group.next())
    peers = asksPeers ? .makeBoxSendingValue(AdminPeers.made(), eventLoop: group.next()) : nil
  }

  func listen(on address: String, port: UInt16) throws(AdminServerError) -> any Channel {
    let (router, limits, connections, peers) = (router, limits, connections, peers)
    // NIO's IPv6 sockets take IPv4 connections too: one listener on `::` serves both.
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 64)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 2048))
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          admit(channel, among: connections, upTo: limits.connections)
          let pipeline = channel.pipeline.syncOperations
          try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: true,
            withServerUpgrade: nil,
            withErrorHandling: true,
            withOutboundHeaderValidation: true,
            withEncoderConfiguration: .init(),
            withDecoderLimitConfiguration: .admin)
          try pipeline.addHandler(
            AdminConnection(router: router, limits: limits) { surface(of: $0, peers) })
        }
      }
    do {
      // Not by host: the C library knows no `::1` where no device but loopback has an IPv6 address.
      let address = try SocketAddress(ipAddress: address, port: Int(port))
      return try bootstrap.bind(to: address).wait()
    } catch {
      switch (error as? IOError)?.errnoCode ?? 0 {
      case EADDRINUSE: throw .portInUse(address: address, port: port)
      case EACCES: throw .permissionDenied(address: address, port: port)
      case let code: throw .cannotListen(address: address, port: port, code: code)
      }
    }
  }
}

private func surface(
  of channel: any Channel, _ peers: NIOLoopBoundBox<Result<AdminPeers, Errno>>?
) -> AdminRouter.Surface {
  guard let peers else { return .health }
  let caller: AdminCaller =
    switch peers.value {
    case .success(let peers): peers.caller(of: channel)
    case .failure(let errno): .unknown(.unavailable(errno))
    }
  return .admin(caller, port: channel.port)
}

/// Counts a new connection in, at the cost of the oldest where the port is full.
private func admit(
  _ channel: any Channel, among connections: NIOLoopBoundBox<[any Channel]>, upTo limit: Int
) {
  if connections.value.count >= limit {
    connections.value.removeFirst().close(promise: nil)
  }
  connections.value.append(channel)
  channel.closeFuture.whenComplete { _ in
    connections.value.removeAll { $0 === channel }
  }
}

extension NIOHTTPDecoderLimitConfiguration {
  /// Room for what a browser or a scraper sends, the request target included, and no more.
  fileprivate static var admin: NIOHTTPDecoderLimitConfiguration {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = 4096
    limits.maxHeaderListSize = 16384
    limits.maxHeaderFieldCount = 64
    return limits
  }
}

extension Channel {
  fileprivate var port: UInt16 { UInt16(localAddress?.port ?? 0) }
}

extension AdminServerError {
  /// The kernel has no IPv6, or no address of it here.
  fileprivate var meansNoIPv6: Bool {
    guard case .cannotListen(_, _, let code) = self else { return false }
    return code == EAFNOSUPPORT || code == EADDRNOTAVAIL
  }
}
