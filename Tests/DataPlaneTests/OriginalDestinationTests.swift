import Addressing
import Kernel
import Testing

@testable import DataPlane

@Suite("Where a connection was going, from what the kernel says")
struct OriginalDestinationTests {
  /// 10.0.0.1, 127.0.0.1 and ::1 are this host's.
  static let own = Set(["10.0.0.1", "127.0.0.1", "::1"].map { IPAddress($0)! })
  var settings = DataPlaneSettings(
    workspaceID: "ws-test", workers: 1, listeners: [], ownPorts: [15001, 15000, 15006, 15053])

  func destination(_ address: String, _ port: UInt16) -> OriginalDestination {
    OriginalDestination(Endpoint(address: IPAddress(address)!, port: port))
  }

  func redirected(
    _ destination: OriginalDestination, local: String, peer: String = "10.9.9.9"
  ) -> FoundDestination {
    settings.judgeRedirected(
      destination, local: Endpoint(address: IPAddress(local)!, port: 15001),
      peer: Endpoint(address: IPAddress(peer)!, port: 40000)
    ) { Self.own.contains($0) }
  }

  func transparent(
    _ destination: OriginalDestination, peer: String = "10.9.9.9"
  ) -> FoundDestination {
    settings.judgeTransparent(
      destination, peer: Endpoint(address: IPAddress(peer)!, port: 40000), listeningOn: 15001
    ) { Self.own.contains($0) }
  }

  @Test(
    "A redirected connection goes on to where it was going, be it one of our ports elsewhere",
    arguments: [("192.0.2.7", 443), ("192.0.2.7", 15001), ("10.0.0.1", 443), ("::1", 80)])
  func redirect(address: String, port: Int) {
    let destination = destination(address, UInt16(port))
    #expect(redirected(destination, local: "10.0.0.1") == .elsewhere(destination))
    #expect(transparent(destination) == .elsewhere(destination))
  }

  @Test(
    "A connection whose destination is its own local end was not redirected",
    arguments: ["127.0.0.1", "::ffff:127.0.0.1", "10.0.0.1", "203.0.113.1"])
  func notRedirected(address: String) {
    let local = destination(address, 15001)
    #expect(redirected(local, local: address) == .ourselves(local))
  }

  @Test(
    "This host's own ports lead back, on any of its addresses",
    arguments: [15001, 15000, 15006, 15053])
  func ownPorts(port: Int) {
    for address in ["10.0.0.1", "127.0.0.1", "::1", "::ffff:10.0.0.1"] {
      let destination = destination(address, UInt16(port))
      #expect(redirected(destination, local: "10.0.0.9") == .ourselves(destination))
      #expect(transparent(destination) == .ourselves(destination))
    }
  }

  @Test("This host's own connections to a transparent listener's port are a loop")
  func loop() {
    let far = destination("192.0.2.7", 15001)
    #expect(transparent(far, peer: "10.0.0.1") == .ourselves(far))
    #expect(transparent(far) == .elsewhere(far))
  }

  @Test(
    "The addresses that are this host's are found without a privilege",
    arguments: [
      ("127.0.0.1", true), ("127.9.8.7", true), ("::ffff:127.0.0.1", true), ("192.0.2.7", false),
    ])
  func probe(address: String, isOwn: Bool) {
    #expect(IPAddress(address)!.belongsToThisHost == isOwn)
  }

  @Test(
    "Made to the proxy on loopback, from loopback, a connection is the explicit proxy's",
    arguments: [
      ("127.0.0.1", "127.0.0.1", 15001, true), ("::1", "::1", 15001, true),
      ("::ffff:127.0.0.1", "::ffff:127.0.0.1", 15001, true),
      ("127.0.0.1", "10.0.0.1", 15001, false), ("10.0.0.1", "10.0.0.1", 15001, false),
      ("10.0.0.1", "127.0.0.1", 15001, false), ("127.0.0.1", "127.0.0.1", 15000, false),
    ])
  func proxy(address: String, peer: String, port: Int, isProxy: Bool) {
    var explicit = self
    explicit.settings.explicitProxy = true
    let local = destination(address, UInt16(port))
    let expected = isProxy ? FoundDestination.proxy : .ourselves(local)
    #expect(explicit.redirected(local, local: address, peer: peer) == expected)
    #expect(explicit.transparent(local, peer: peer) == expected)
    #expect(redirected(local, local: address, peer: peer) == .ourselves(local))
    #expect(transparent(local, peer: peer) == .ourselves(local))
  }
}
