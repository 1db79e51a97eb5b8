/// A pod and the world around it, each a network namespace, joined directly or through a router.
///
///     pod ── eth0 ──────────────── eth0 ── world          (router: false)
///     pod ── eth0 ── pod0 router world0 ── eth0 ── world  (router: true)
///
/// The pod is 10.77.1.2 and fd77:1::2; every address of 10.77.2.0/24 and fd77:2::/64 that a test
/// adds by `serve` belongs to the world. Deleted with the object.
package final class PodNetwork: Sendable {
  package let pod: NetworkNamespace
  package let world: NetworkNamespace
  /// The namespace between them, where there is one: a place to drop packets or lower the MTU.
  package let router: NetworkNamespace?

  /// The pod's own addresses.
  package static let podAddress4 = "10.77.1.2"
  package static let podAddress6 = "fd77:1::2"
  /// The world's end of the link: clients that reach into the pod come from here.
  package static let worldAddress4 = "10.77.2.1"
  package static let worldAddress6 = "fd77:2::1"

  /// - Parameters:
  ///   - hasRouter: whether a third namespace stands between the two.
  ///   - worldMTU: the MTU of the link to the world, in bytes.
  package init(hasRouter: Bool = false, worldMTU: Int = 1500) throws(TestNetworkError) {
    pod = try NetworkNamespace("pod")
    world = try NetworkNamespace("world")
    if hasRouter {
      let router = try NetworkNamespace("router")
      self.router = router
      try NetworkNamespace.connect(pod, "eth0", router, "pod0")
      try NetworkNamespace.connect(router, "world0", world, "eth0", mtu: worldMTU)
      try router.forward()
      try router.addAddress("10.77.1.1/24", to: "pod0")
      try router.addAddress("fd77:1::1/64", to: "pod0")
      try router.addAddress("10.77.2.254/24", to: "world0")
      try router.addAddress("fd77:2::fffe/64", to: "world0")
      try world.addAddress("\(Self.worldAddress4)/24", to: "eth0")
      try world.addAddress("\(Self.worldAddress6)/64", to: "eth0")
      try world.ip("route", "add", "default", "via", "10.77.2.254")
      try world.ip("-6", "route", "add", "default", "via", "fd77:2::fffe")
    } else {
      router = nil
      try NetworkNamespace.connect(pod, "eth0", world, "eth0", mtu: worldMTU)
      try world.addAddress("10.77.1.1/24", to: "eth0")
      try world.addAddress("fd77:1::1/64", to: "eth0")
      try world.addAddress("\(Self.worldAddress4)/32")
      try world.addAddress("\(Self.worldAddress6)/128")
    }
    try pod.addAddress("\(Self.podAddress4)/24", to: "eth0")
    try pod.addAddress("\(Self.podAddress6)/64", to: "eth0")
    try pod.ip("route", "add", "default", "via", "10.77.1.1")
    try pod.ip("-6", "route", "add", "default", "via", "fd77:1::1")
  }

  /// Gives the world these addresses (of 10.77.2.0/24 and fd77:2::/64, without prefix length).
  package func serve(_ addresses: String...) throws(TestNetworkError) {
    let device = router == nil ? "lo" : "eth0"
    for address in addresses {
      let length = address.contains(":") ? 128 : 32
      try world.addAddress("\(address)/\(length)", to: device)
    }
  }
}
