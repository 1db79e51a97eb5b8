internal import Addressing
internal import Glibc

/// An `inet_diag_msg`, or the kernel's refusal of one.
struct SocketMessage {
  private static let headerLength = 16
  // linux/netlink.h and linux/sock_diag.h: expressions that Swift can't import.
  private static let byFamily: UInt16 = 20
  private static let error: UInt16 = 2
  private static let isRequest: UInt16 = 1

  let sequence: UInt32
  private(set) var refusal: Errno?
  private(set) var state: Int32 = 0
  private(set) var local: Endpoint?
  private(set) var remote: Endpoint?
  private(set) var uid: UInt32 = 0
  /// A process has it open. Of others the kernel gives root's uid.
  private(set) var isHeld = false

  /// Nil where it is neither.
  init?(_ message: ArraySlice<UInt8>) {
    let reader = MessageReader(bytes: message)
    guard let type: UInt16 = reader.value(at: 4), let sequence: UInt32 = reader.value(at: 8) else {
      return nil
    }
    self.sequence = sequence
    let body = Self.headerLength
    if type == Self.error {
      guard let code: Int32 = reader.value(at: body), code < 0 else { return nil }
      refusal = Errno(-code)
      return
    }
    guard type == Self.byFamily, let family: UInt8 = reader.value(at: body),
      let state: UInt8 = reader.value(at: body + 1), let uid: UInt32 = reader.value(at: body + 64),
      let inode: UInt32 = reader.value(at: body + 68)
    else { return nil }
    self.state = Int32(state)
    self.uid = uid
    isHeld = inode != 0
    local = reader.endpoint(family: family, port: body + 4, address: body + 8)
    remote = reader.endpoint(family: family, port: body + 6, address: body + 24)
  }

  /// An `inet_diag_req_v2` behind its header: the socket with these two ends, and no list.
  static func question(
    from local: Endpoint, to remote: Endpoint, sequence: UInt32
  ) -> [UInt8] {
    // A socket that is bound to no interface is found by any; one may be bound to this one.
    let loopback: UInt32 = 1
    let anyCookie = [UInt8](repeating: 0xff, count: 8)
    let identity =
      local.port.networkOrder + remote.port.networkOrder + local.address.networkOrder
      + remote.address.networkOrder + bytes(loopback) + anyCookie
    let body =
      [UInt8(local.address.socketFamily), UInt8(IPPROTO_TCP), 0, 0] + bytes(UInt32.max) + identity
    return bytes(UInt32(headerLength + body.count))
      + bytes(byFamily) + bytes(isRequest) + bytes(sequence)
      + bytes(UInt32(0)) + body
  }

  private static func bytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
  }
}

private struct MessageReader {
  let bytes: ArraySlice<UInt8>

  /// A number in host order.
  func value<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Value? {
    let part = bytes.dropFirst(offset).prefix(MemoryLayout<Value>.size)
    guard part.count == MemoryLayout<Value>.size else { return nil }
    // As many bytes as the value has; they may stand anywhere.
    return unsafe part.withUnsafeBytes { unsafe $0.loadUnaligned(as: Value.self) }
  }

  func endpoint(family: UInt8, port: Int, address: Int) -> Endpoint? {
    guard let port: UInt16 = value(at: port) else { return nil }
    let ip: IPAddress
    if family == UInt8(AF_INET) {
      guard let v4: UInt32 = value(at: address) else { return nil }
      ip = .v4(IPv4Address(rawValue: UInt32(bigEndian: v4)))
    } else {
      guard let v6: UInt128 = value(at: address) else { return nil }
      ip = .v6(IPv6Address(rawValue: UInt128(bigEndian: v6)))
    }
    return Endpoint(address: ip.canonical, port: UInt16(bigEndian: port))
  }
}

extension UInt16 {
  fileprivate var networkOrder: [UInt8] { [UInt8(self >> 8), UInt8(truncatingIfNeeded: self)] }
}

extension IPAddress {
  /// In the 16 bytes that the kernel has for either family.
  fileprivate var networkOrder: [UInt8] {
    switch self {
    case .v4(let v4):
      (0..<4).map { UInt8(truncatingIfNeeded: v4.rawValue >> (24 - 8 * UInt32($0))) }
        + Array(repeating: 0, count: 12)
    case .v6(let v6):
      (0..<16).map { UInt8(truncatingIfNeeded: v6.rawValue >> (120 - 8 * UInt128($0))) }
    }
  }
}
