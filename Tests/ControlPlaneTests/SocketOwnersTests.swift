import Addressing
import Glibc
import Kernel
import Testing

/// Asks the running kernel about sockets of this test.
@Suite("The kernel tells whose connection it is", .serialized)
struct SocketOwnersTests {
  enum Way: CaseIterable { case v4, v6, mapped, bound }

  @Test("The uid that made the socket at the other end", arguments: Way.allCases)
  func owner(way: Way) throws {
    let connection = try Loopback(way)
    defer { connection.close() }
    var owners = try SocketOwners()
    #expect(try owners.peer(ofAccepted: connection.accepted) == geteuid())
  }

  @Test(
    "Another's uid", .enabled(if: geteuid() == 0), arguments: [1, 1337, 65534, 4_294_967_294])
  func otherOwner(uid: UInt32) throws {
    let connection = try Loopback(.v4, as: uid)
    defer { connection.close() }
    var owners = try SocketOwners()
    #expect(try owners.peer(ofAccepted: connection.accepted) == uid)
  }

  @Test("Also of one who has said all that he will say, and before or after other questions")
  func halfClosed() throws {
    let (first, second) = (try Loopback(.v4), try Loopback(.v6))
    defer { first.close(); second.close() }
    shutdown(first.client, Int32(SHUT_WR))
    var owners = try SocketOwners()
    for connection in [first, second, first] {
      #expect(try owners.peer(ofAccepted: connection.accepted) == geteuid())
    }
  }

  @Test("Nobody's where it was closed meanwhile: the kernel would call an orphan root's")
  func closed() throws {
    let connection = try Loopback(.v4)
    defer { connection.close() }
    Glibc.close(connection.client)
    #expect(throws: PeerFailure.gone) { try peer(connection) }
  }

  @Test("Nobody's where it was reset, whoever has its port by now")
  func reset() throws {
    let connection = try Loopback(.v4)
    defer { connection.close() }
    var linger = linger(l_onoff: 1, l_linger: 0)
    _ = unsafe setsockopt(
      connection.client, SOL_SOCKET, SO_LINGER, &linger,
      socklen_t(MemoryLayout.size(ofValue: linger)))
    Glibc.close(connection.client)
    #expect(throws: PeerFailure.gone) { try peer(connection) }
    // The same two ends again, from another socket, and connected for good.
    let again = try connection.again()
    defer { again.close() }
    #expect(try peer(again) == geteuid())
    #expect(throws: PeerFailure.gone) { try peer(connection) }
  }

  @Test("Nobody's where only a listener has the port that it came from")
  func listener() throws {
    let connection = try Loopback(.v4)
    defer { connection.close() }
    Glibc.close(connection.client)
    let listener = try Loopback.socket(.v4)
    defer { Glibc.close(listener) }
    try Loopback.bind(listener, .v4, port: connection.clientPort)
    try #require(listen(listener, 1) == 0)
    #expect(throws: PeerFailure.gone) { try peer(connection) }
  }

  private func peer(_ connection: Loopback) throws(PeerFailure) -> UInt32 {
    guard var owners = try? SocketOwners() else { throw .unavailable(Errno(0)) }
    return try owners.peer(ofAccepted: connection.accepted)
  }
}

/// A connection of this process with itself.
private struct Loopback {
  let client: Int32
  let accepted: Int32
  private let listener: Int32
  private let way: SocketOwnersTests.Way

  /// - Parameter uid: whose the client's socket is.
  init(_ way: SocketOwnersTests.Way, as uid: UInt32? = nil) throws {
    let listener = try Self.socket(way == .v6 ? .v6 : .v4)
    try Self.bind(listener, way == .v6 ? .v6 : .v4, port: 0)
    try #require(listen(listener, 4) == 0)
    let client = try Self.socket(way)
    if let uid { try #require(fchown(client, uid, gid_t.max) == 0) }
    if way == .bound {
      var name = Array("lo".utf8)
      try #require(
        unsafe setsockopt(client, SOL_SOCKET, SO_BINDTODEVICE, &name, socklen_t(name.count)) == 0)
    }
    try self.init(client, to: listener, way)
  }

  private init(_ client: Int32, to listener: Int32, _ way: SocketOwnersTests.Way) throws {
    unsafe try Self.call(Glibc.connect, client, way, port: try Self.port(of: listener))
    accepted = Glibc.accept(listener, nil, nil)
    try #require(accepted >= 0)
    (self.client, self.listener, self.way) = (client, listener, way)
  }

  /// Another connection from the same port to the same listener.
  func again() throws -> Loopback {
    let client = try Self.socket(way)
    try Self.bind(client, way, port: clientPort)
    return try Loopback(client, to: dup(listener), way)
  }

  var clientPort: UInt16 {
    var address = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    _ = unsafe withUnsafeMutablePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getpeername(accepted, $0, &length)
      }
    }
    return UInt16(bigEndian: address.sin6_port)
  }

  /// The client's end may be closed already.
  func close() {
    Glibc.close(accepted)
    Glibc.close(listener)
  }

  static func socket(_ way: SocketOwnersTests.Way) throws -> Int32 {
    let family = way == .v6 || way == .mapped ? AF_INET6 : AF_INET
    let number = Glibc.socket(family, Int32(SOCK_STREAM.rawValue), 0)
    try #require(number >= 0)
    var one: Int32 = 1
    _ = unsafe setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, 4)
    return number
  }

  static func bind(_ number: Int32, _ way: SocketOwnersTests.Way, port: UInt16) throws {
    unsafe try call(Glibc.bind, number, way, port: port)
  }

  private static func port(of listener: Int32) throws -> UInt16 {
    var address = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    _ = unsafe withUnsafeMutablePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(listener, $0, &length)
      }
    }
    return UInt16(bigEndian: address.sin6_port)
  }

  private static func call(
    _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ number: Int32,
    _ way: SocketOwnersTests.Way, port: UInt16
  ) throws {
    let result: Int32
    if way == .v6 || way == .mapped {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      let text = way == .v6 ? "::1" : "::ffff:127.0.0.1"
      _ = unsafe inet_pton(AF_INET6, text, &address.sin6_addr)
      result = unsafe withUnsafePointer(to: &address) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe function(number, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
      }
    } else {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      result = unsafe withUnsafePointer(to: &address) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe function(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
    try #require(result == 0, "errno \(errno)")
  }
}
