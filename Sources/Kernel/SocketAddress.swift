internal import CLinux
internal import Addressing
internal import Glibc

extension pl_address {
  init(_ endpoint: Endpoint) {
    self.init()
    port = endpoint.port.bigEndian
    switch endpoint.address {
    case .v4(let address):
      family = UInt16(AF_INET)
      unsafe withUnsafeMutableBytes(of: &bytes) {
        // 4 of the 16 bytes that the tuple has.
        unsafe $0.storeBytes(of: address.rawValue.bigEndian, as: UInt32.self)
      }
    case .v6(let address):
      family = UInt16(AF_INET6)
      unsafe withUnsafeMutableBytes(of: &bytes) {
        unsafe $0.storeBytes(of: address.rawValue.bigEndian, as: UInt128.self)
      }
    }
  }

  /// Nil for a family that is neither IPv4 nor IPv6.
  var endpoint: Endpoint? {
    let address: IPAddress
    switch Int32(family) {
    case AF_INET:
      address = unsafe withUnsafeBytes(of: bytes) {
        .v4(IPv4Address(rawValue: UInt32(bigEndian: unsafe $0.loadUnaligned(as: UInt32.self))))
      }
    case AF_INET6:
      address = unsafe withUnsafeBytes(of: bytes) {
        .v6(IPv6Address(rawValue: UInt128(bigEndian: unsafe $0.loadUnaligned(as: UInt128.self))))
      }
    default:
      return nil
    }
    return Endpoint(address: address, port: UInt16(bigEndian: port))
  }
}

extension IPAddress {
  var socketFamily: Int32 {
    switch self {
    case .v4: AF_INET
    case .v6: AF_INET6
    }
  }
}
