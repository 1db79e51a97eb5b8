/// An address and a TCP or UDP port.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  package var address: IPAddress
  /// 0...65535; 0 never names a peer.
  package var port: UInt16

  package init(address: IPAddress, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// `10.0.0.1:443`, `[::1]:443`.
  package var description: String {
    switch address {
    case .v4: "\(address):\(port)"
    case .v6: "[\(address)]:\(port)"
    }
  }
}

/// Where the workload wanted to go, as the kernel recorded it before the redirect.
///
/// A type of its own so that no other address, least of all the local one, is ever judged or
/// dialled in its place.
package struct OriginalDestination: Hashable, Sendable, CustomStringConvertible {
  /// IPv4-mapped addresses are stored as the IPv4 address they lead to.
  package let endpoint: Endpoint

  package init(_ endpoint: Endpoint) {
    self.endpoint = Endpoint(address: endpoint.address.canonical, port: endpoint.port)
  }

  package var description: String { endpoint.description }
}

/// Where a connection came from: the workload's end of it.
package struct ClientAddress: Hashable, Sendable, CustomStringConvertible {
  package let endpoint: Endpoint

  package init(_ endpoint: Endpoint) { self.endpoint = endpoint }

  package var description: String { endpoint.description }
}
