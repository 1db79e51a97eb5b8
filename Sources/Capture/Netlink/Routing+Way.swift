package import Addressing
internal import CNetfilter
internal import Glibc
internal import Kernel

extension Routing {
  /// Where this host sends packets to an address.
  package struct Way: Hashable, Sendable {
    package var interface: String
    /// What the kernel takes for the source where the sender names none.
    package var source: IPAddress?

    package init(interface: String, source: IPAddress? = nil) {
      self.interface = interface
      self.source = source
    }
  }

  /// Asks the routing tables; nil where they know no way. Needs no privilege.
  package static func way(to address: IPAddress) throws(RoutingError) -> Way? {
    var socket = try RouteSocket()
    try socket.bind()
    let answer: RouteMessage
    do throws(RoutingError) {
      answer = try socket.ask(.way(to: address), "to look up the way to \(address)")
    } catch .refused(_, let errno, _)
      where [ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL].contains(errno.code)
    {
      return nil
    }
    guard let index = answer.values.word(Int(RTA_OIF.rawValue)),
      let interface = try interfaces().first(where: { $0.index == index })
    else { return nil }
    return Way(
      interface: interface.name,
      source: answer.values.bytes(Int(RTA_PREFSRC.rawValue)).flatMap {
        IPAddress(networkOrder: Array($0))
      })
  }
}

extension RouteMessage {
  fileprivate static func way(to address: IPAddress) -> RouteMessage {
    let family: RoutingFamily = address.bitWidth == 32 ? .ipv4 : .ipv6
    var message = RouteMessage(
      type: UInt16(RTM_GETROUTE),
      header: [family.number, UInt8(address.bitWidth)] + Array(repeating: 0, count: 10))
    switch address {
    case .v4(let v4): message.append(Int(RTA_DST.rawValue), v4.rawValue.networkOrderBytes)
    case .v6(let v6): message.append(Int(RTA_DST.rawValue), v6.rawValue.networkOrderBytes)
    }
    return message
  }
}
