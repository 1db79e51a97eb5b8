import ControlPlane
import Foundation
import Logging
import NIOCore
import NIOPosix
import Testing

@Suite("The admin server", .serialized)
struct AdminServerTests {
  @Test("answers on both loopback addresses, and the health port on both families")
  func listens() throws {
    let server = try Serving(health: 0)
    defer { server.stop() }
    for address in ["127.0.0.1", "::1"] {
      let admin = try server.exchange("GET /status HTTP/1.1\r\nhost: x\r\n\r\n", address)
      #expect(admin.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(admin.contains("content-type: application/json\r\n"))
      #expect(admin.contains("\"state\":\"ready\""))
      let health = try server.exchange(
        "GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n", address, port: server.healthPort)
      #expect(health.hasPrefix("HTTP/1.1 200 OK\r\n"))
      let hidden = try server.exchange(
        "GET /status HTTP/1.1\r\nhost: x\r\n\r\n", address, port: server.healthPort)
      #expect(hidden.hasPrefix("HTTP/1.1 404 "))
    }
  }

  @Test("has no health port where it is off")
  func healthOff() throws {
    let server = try Serving(health: nil)
    defer { server.stop() }
    #expect(server.server.healthPort == nil)
  }

  @Test("answers requests on one connection in their order, and HEAD without a body")
  func keepAlive() throws {
    let server = try Serving()
    defer { server.stop() }
    let text = try server.exchange(
      "HEAD /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /nothing HTTP/1.1\r\nhost: x\r\n\r\n"
        + "GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    let statuses = text.components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
    #expect(statuses == ["200", "404", "200"])
    #expect(text.components(separatedBy: "{\"state\"").count == 2)
    #expect(text.contains("connection: close\r\n"))
  }

  @Test("closes behind what it can't or won't read", arguments: LastRequest.all)
  func closes(last: LastRequest) throws {
    let server = try Serving()
    defer { server.stop() }
    let reply = try server.exchange(last.request, untilClosed: true)
    #expect(reply.hasPrefix("HTTP/1.1 \(last.status) "))
    // No second response follows, whatever else the bytes could be read as.
    #expect(reply.components(separatedBy: "HTTP/1.1 ").count == 2)
  }

  struct LastRequest: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let request: String
    let status: Int

    static let all = [
      LastRequest(
        testDescription: "HTTP/1.0", request: "GET /healthz HTTP/1.0\r\n\r\n", status: 200),
      LastRequest(
        testDescription: "asked to close",
        request: "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", status: 200),
      LastRequest(
        testDescription: "a body of 33 bytes where a short one is taken",
        request: "PUT /loglevel HTTP/1.1\r\nhost: x\r\ncontent-length: 33\r\n\r\n"
          + String(repeating: "a", count: 33), status: 413),
      LastRequest(
        testDescription: "a body of 40 bytes in chunks",
        request: "PUT /loglevel HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
          + "14\r\n01234567890123456789\r\n14\r\n01234567890123456789\r\n0\r\n\r\n", status: 413),
      LastRequest(
        testDescription: "a body",
        request: "POST /drain HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello", status: 413),
      LastRequest(
        testDescription: "an empty body in chunks",
        request: "GET /healthz HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        status: 413),
      LastRequest(
        testDescription: "a target of 100 kB",
        request: "GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\n\r\n", status: 400),
      LastRequest(
        testDescription: "a field of 5 kB",
        request: "GET / HTTP/1.1\r\na: \(String(repeating: "a", count: 5000))\r\n\r\n", status: 400),
      LastRequest(
        testDescription: "65 fields",
        request: "GET / HTTP/1.1\r\n\(String(repeating: "a: b\r\n", count: 65))\r\n", status: 400),
      LastRequest(
        testDescription: "a TLS hello", request: "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", status: 400),
    ]
  }

  @Test("closes a connection that has not sent its request in time")
  func deadline() throws {
    let server = try Serving(limits: AdminLimits(requestSeconds: 0.05))
    defer { server.stop() }
    #expect(try server.exchange("", untilClosed: true) == "")
    #expect(try server.exchange("GET /healthz HTT", untilClosed: true) == "")
  }

  @Test("gives the place of the oldest connection to a new one where the port is full")
  func connectionLimit() throws {
    let server = try Serving(limits: AdminLimits(connections: 2, requestSeconds: 600))
    defer { server.stop() }
    let held = try (0..<2).map { _ in try server.hold() }
    defer { for channel in held { channel.close(promise: nil) } }
    #expect(
      try server.exchange("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").hasPrefix("HTTP/1.1 200"))
    try held[0].closeFuture.wait()
    #expect(held[1].isActive)
  }

  @Test("names address and port where the port is in use")
  func portInUse() throws {
    let first = try Serving(health: 0)
    defer { first.stop() }
    let port = first.server.adminPort
    #expect(throws: AdminServerError.portInUse(address: "127.0.0.1", port: port)) {
      try Serving(admin: port)
    }
    #expect(throws: AdminServerError.portInUse(address: "::", port: first.healthPort)) {
      try Serving(health: first.healthPort)
    }
    #expect(
      AdminServerError.portInUse(address: "127.0.0.1", port: 15000).description
        == "Port 15000 on 127.0.0.1 is in use by another process.")
  }

  @Test("listens again on its port right after a stop, also behind open connections")
  func restart() throws {
    let first = try Serving()
    let port = first.server.adminPort
    let held = try first.hold()
    first.stop()
    try held.closeFuture.wait()
    let second = try Serving.again(on: port)
    defer { second.stop() }
    #expect(second.server.adminPort == port)
  }
}

/// A server with clients.
private struct Serving {
  let server: AdminServer

  /// Below what the kernel gives to whoever asks for any port: one that is free on 127.0.0.1 may be
  /// somebody else's on ::1, and one that was let go may be taken before the test has it again.
  private static let ports: Range<UInt16> = 20_000..<20_100

  /// Serves on the first of these ports that nobody has.
  init(health: UInt16? = nil, limits: AdminLimits = AdminLimits()) throws {
    for port in Self.ports {
      do {
        self = try Serving(admin: port, health: health, limits: limits)
        return
      } catch AdminServerError.portInUse(address: _, port: port) {
        continue
      }
    }
    throw AdminServerError.portInUse(address: "127.0.0.1", port: Self.ports.upperBound - 1)
  }

  /// A child that another test has just forked holds copies of all descriptors until it executes: for
  /// that moment the port is still in use.
  static func again(on port: UInt16) throws -> Serving {
    let deadline = ContinuousClock.now + .seconds(10)
    while true {
      do {
        return try Serving(admin: port)
      } catch AdminServerError.portInUse where ContinuousClock.now < deadline {
        continue
      }
    }
  }

  init(admin: UInt16, health: UInt16? = nil, limits: AdminLimits = AdminLimits()) throws {
    let lifecycle = Lifecycle()
    lifecycle.advance(to: .ready)
    server = try AdminServer(
      adminPort: admin, healthPort: health, router: router(lifecycle), limits: limits,
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
  }

  var healthPort: UInt16 { server.healthPort ?? 0 }

  func stop() { server.stop() }

  /// Sends `request` and returns what comes: up to the server's close, or to the end of one
  /// response where the connection stays open.
  func exchange(
    _ request: String, _ address: String = "127.0.0.1", port: UInt16? = nil,
    untilClosed: Bool = false
  ) throws -> String {
    let (channel, response) = try send(
      request, to: address, port ?? server.adminPort,
      untilClosed: untilClosed || request.contains("connection: close"))
    defer { channel.close(promise: nil) }
    return try response.wait()
  }

  /// Opens a connection that the server has admitted: it has answered on it.
  func hold() throws -> any Channel {
    let (channel, response) = try send(
      "HEAD /healthz HTTP/1.1\r\nhost: x\r\n\r\n", to: "127.0.0.1", server.adminPort,
      untilClosed: false)
    _ = try response.wait()
    return channel
  }

  private func send(
    _ request: String, to address: String, _ port: UInt16, untilClosed: Bool
  ) throws -> (any Channel, EventLoopFuture<String>) {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let received = loop.makePromise(of: String.self)
    let channel = try ClientBootstrap(group: loop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            ResponseCollector(received, untilClosed: untilClosed))
        }
      }
      .connect(host: address, port: Int(port)).wait()
    channel.writeAndFlush(channel.allocator.buffer(string: request), promise: nil)
    // Where the server neither answers nor closes, the test fails instead of hanging.
    let late = loop.scheduleTask(in: .seconds(20)) { received.fail(ChannelError.eof) }
    received.futureResult.whenComplete { _ in late.cancel() }
    return (channel, received.futureResult)
  }
}

/// Gathers what comes up to the close, or the first response where that is small enough to come
/// in one piece.
private final class ResponseCollector: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let promise: EventLoopPromise<String>
  private let untilClosed: Bool
  private var text = ""

  init(_ promise: EventLoopPromise<String>, untilClosed: Bool) {
    self.promise = promise
    self.untilClosed = untilClosed
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    text += String(buffer: Self.unwrapInboundIn(data))
    // Both a head and our JSON end in a line feed.
    if !untilClosed, text.utf8.last == UInt8(ascii: "\n") { promise.succeed(text) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    promise.succeed(text)
  }
}
