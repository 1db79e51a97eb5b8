/// Two client pods, a gateway that routes for them, and a world, each a network namespace.
///
///     pods[0] ── eth0 ── pod0 ┐
///                             gateway ── world0 ── eth0 ── world
///     pods[1] ── eth0 ── pod1 ┘
///
/// The pods are 10.78.1.2, fd78:1::2 and 10.78.2.2, fd78:2::2; every address of 10.77.2.0/24 and fd77:2::/64 that a test adds by
/// `serve` belongs to the world. All of them have routes to each other, so that what the gateway lets
/// pass arrives and is answered. Deleted with the object.
package final class GatewayNetwork: Sendable {
  package let pods: [NetworkNamespace]
  package let gateway: NetworkNamespace
  package let world: NetworkNamespace

  /// The gateway's interfaces to the pods.
  package static let podInterfaces = ["pod0", "pod1"]
  /// The pods' blocks.
  package static let sources = ["10.78.0.0/16", "fd78::/16"]
  /// The gateway's address towards the world: what the world sees of the sidecar's connections.
  package static let outside4 = "10.77.2.254"
  package static let outside6 = "fd77:2::fffe"
  /// The world's end of the link.
  package static let worldAddress4 = "10.77.2.1"
  package static let worldAddress6 = "fd77:2::1"

  package static func podAddress4(_ pod: Int) -> String { "10.78.\(pod + 1).2" }
  package static func podAddress6(_ pod: Int) -> String { "fd78:\(pod + 1)::2" }
  /// The gateway's address on the link to a pod.
  package static func inside4(_ pod: Int) -> String { "10.78.\(pod + 1).1" }
  package static func inside6(_ pod: Int) -> String { "fd78:\(pod + 1)::1" }

  /// - Parameter hasInsideAddresses: false leaves the gateway's interfaces to the pods without an
  ///   address, as some CNI plugins do: routes name the device, and the gateway answers for all
  ///   neighbours.
  package init(hasInsideAddresses: Bool = true) throws(TestNetworkError) {
    pods = [try NetworkNamespace("pod-a"), try NetworkNamespace("pod-b")]
    gateway = try NetworkNamespace("gateway")
    world = try NetworkNamespace("world")
    try gateway.forward()
    for (number, pod) in pods.enumerated() {
      try Self.connect(pod, number, to: gateway, hasInsideAddresses: hasInsideAddresses)
    }
    try NetworkNamespace.connect(gateway, "world0", world, "eth0")
    try gateway.addAddress("\(Self.outside4)/24", to: "world0")
    try gateway.addAddress("\(Self.outside6)/64", to: "world0")
    try world.addAddress("\(Self.worldAddress4)/24", to: "eth0")
    try world.addAddress("\(Self.worldAddress6)/64", to: "eth0")
    try gateway.ip("route", "add", "default", "via", Self.worldAddress4)
    try gateway.ip("-6", "route", "add", "default", "via", Self.worldAddress6)
    try world.ip("route", "add", "default", "via", Self.outside4)
    try world.ip("-6", "route", "add", "default", "via", Self.outside6)
  }

  /// Gives the world these addresses (of 10.77.2.0/24 and fd77:2::/64, without prefix length).
  package func serve(_ addresses: String...) throws(TestNetworkError) {
    for address in addresses {
      try world.addAddress("\(address)/\(address.contains(":") ? 128 : 32)", to: "eth0")
    }
  }

  private static func connect(
    _ pod: NetworkNamespace, _ number: Int, to gateway: NetworkNamespace, hasInsideAddresses: Bool
  ) throws(TestNetworkError) {
    let device = podInterfaces[number]
    try NetworkNamespace.connect(pod, "eth0", gateway, device)
    try pod.addAddress("\(podAddress4(number))/24", to: "eth0")
    try pod.addAddress("\(podAddress6(number))/64", to: "eth0")
    if hasInsideAddresses {
      try gateway.addAddress("\(inside4(number))/24", to: device)
      try gateway.addAddress("\(inside6(number))/64", to: device)
      try pod.ip("route", "add", "default", "via", inside4(number))
      try pod.ip("-6", "route", "add", "default", "via", inside6(number))
    } else {
      try gateway.ip("route", "add", "\(podAddress4(number))/32", "dev", device)
      try gateway.ip("-6", "route", "add", "\(podAddress6(number))/128", "dev", device)
      try gateway.shell(
        """
        sysctl -qw net.ipv4.conf.\(device).proxy_arp=1 net.ipv6.conf.\(device).proxy_ndp=1
        sysctl -qw net.ipv4.neigh.\(device).proxy_delay=0 net.ipv6.neigh.\(device).proxy_delay=0
        ip -6 neighbour add proxy \(inside6(number)) dev \(device)
        """
      ).checked()
      try pod.ip("route", "add", "169.254.1.1/32", "dev", "eth0")
      try pod.ip("route", "add", "default", "via", "169.254.1.1", "dev", "eth0")
      try pod.ip("-6", "route", "add", "default", "via", inside6(number), "dev", "eth0")
    }
  }
}
