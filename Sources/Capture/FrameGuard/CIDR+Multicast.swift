internal import Addressing

extension CIDR {
  static let multicast4 = CIDR(
    base: .v4(IPv4Address(rawValue: 0xe000_0000)), prefixLength: 4)!
  static let multicast6 = CIDR(
    base: .v6(IPv6Address(rawValue: 0xff << 120)), prefixLength: 8)!
}
