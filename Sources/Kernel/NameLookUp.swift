package import Addressing
internal import CLinux
internal import Glibc

/// Asks the system for a name's addresses (getaddrinfo): `/etc/hosts`, name servers and search
/// domains as `/etc/nsswitch.conf` and `/etc/resolv.conf` say.
package enum NameLookUp {
  /// Why there are none.
  package enum Failure: Error, Hashable, Sendable {
    /// The name does not exist, or has no address.
    case notFound
    /// Nobody could say: no server answered, or one failed.
    case unavailable
  }

  /// Blocks for as long as the system waits for name servers: seconds.
  ///
  /// - Parameter name: no address in any notation, or that address comes back.
  /// - Returns: addresses of both families, as RFC 6724 orders them.
  package static func addresses(of name: String) throws(Failure) -> [IPAddress] {
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_UNSPEC
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    // Both strings are terminated and outlive the call; on success the list is ours to free.
    let status = unsafe getaddrinfo(name, nil, &hints, &list)
    guard status == 0 else {
      throw status == EAI_NONAME || status == noAddress ? .notFound : .unavailable
    }
    defer { unsafe freeaddrinfo(list) }
    var addresses: [IPAddress] = []
    var next = unsafe list
    while let entry = unsafe next {
      // The list is well-formed until it is freed: each address has the length of its family.
      if let address = unsafe address(entry.pointee.ai_addr) { addresses.append(address) }
      unsafe next = entry.pointee.ai_next
    }
    if addresses.isEmpty { throw .notFound }
    return addresses
  }

  /// EAI_NODATA, which glibc's header shows to GNU sources alone.
  private static let noAddress: Int32 = -5

  private static func address(_ generic: UnsafeMutablePointer<sockaddr>?) -> IPAddress? {
    guard let generic = unsafe generic else { return nil }
    let raw = UnsafeRawPointer(generic)
    switch Int32(unsafe generic.pointee.sa_family) {
    case AF_INET:
      let v4 = unsafe raw.loadUnaligned(as: sockaddr_in.self)
      return .v4(IPv4Address(rawValue: UInt32(bigEndian: v4.sin_addr.s_addr)))
    case AF_INET6:
      let v6 = unsafe raw.loadUnaligned(as: sockaddr_in6.self)
      return unsafe withUnsafeBytes(of: v6.sin6_addr) {
        .v6(IPv6Address(rawValue: UInt128(bigEndian: unsafe $0.loadUnaligned(as: UInt128.self))))
      }
    default:
      return nil
    }
  }
}
