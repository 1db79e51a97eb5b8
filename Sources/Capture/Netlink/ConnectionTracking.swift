internal import Addressing
internal import CNetfilter
internal import Glibc
internal import Kernel

/// What conntrack knows of a TCP connection.
struct TrackedConnection: Hashable, Sendable {
  /// The first packet's sender and what it was sent to.
  var from: Endpoint
  var to: Endpoint
  var mark: UInt32
}

/// ctnetlink: reads and writes conntrack's entries for TCP, outside of zones.
struct ConnectionTracking: ~Copyable {
  private var netlink: ConnectionNetlink

  init() throws(ConnectionError) { netlink = try ConnectionNetlink(.tracking) }

  /// The mark of the connection to which packets between the two belong, whoever began it; nil
  /// where conntrack has none.
  mutating func mark(from: Endpoint, to: Endpoint) throws(ConnectionError) -> UInt32? {
    let request =
      Self.header(from) + Self.tuple(UInt16(CTA_TUPLE_ORIG.rawValue), from: from, to: to)
    switch try netlink.ask(Self.get, flags: 0, request) {
    case .messages(let messages, _):
      return messages.first.flatMap(TrackedConnection.init)?.mark
    case .refused(Errno(ENOENT)): return nil
    case .refused(let errno): throw Self.error(errno, "to look a connection up")
    }
  }

  /// All TCP connections.
  mutating func all() throws(ConnectionError) -> [TrackedConnection] {
    switch try netlink.list(Self.get, [UInt8(AF_UNSPEC), UInt8(NFNETLINK_V0), 0, 0]) {
    case .messages(let messages, _): return messages.compactMap(TrackedConnection.init)
    case .refused(let errno): throw Self.error(errno, "to list connections")
    }
  }

  /// Writes `tag` into the bits of the mark that `mask` covers. False where there is no such
  /// connection.
  mutating func tag(
    from: Endpoint, to: Endpoint, _ tag: UInt32, mask: UInt32
  ) throws(ConnectionError) -> Bool {
    let request =
      Self.header(from) + Self.tuple(UInt16(CTA_TUPLE_ORIG.rawValue), from: from, to: to)
      + Self.number(CTA_MARK, tag) + Self.number(CTA_MARK_MASK, mask)
    switch try netlink.ask(Self.new, flags: 0, request) {
    case .messages: return true
    case .refused(Errno(ENOENT)): return false
    case .refused(let errno): throw Self.error(errno, "to mark a connection")
    }
  }

  /// Makes an entry for a connection that is older than tracking, as though its packets had been
  /// seen in both directions: otherwise its next one would be taken for the first, and redirected.
  ///
  /// - Parameter timeout: in seconds, until the first packet sets the kernel's own.
  /// - Returns: false where a packet has made an entry meanwhile, which stays as it is.
  mutating func add(
    from: Endpoint, to: Endpoint, mark: UInt32, timeout: UInt32
  ) throws(ConnectionError) -> Bool {
    let state =
      NetlinkAttribute.bytes(
        UInt16(CTA_PROTOINFO_TCP_STATE.rawValue), [UInt8(TCP_CONNTRACK_ESTABLISHED.rawValue)])
      // Nobody knows the windows: without this one a segment could be taken for invalid.
      + [CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, CTA_PROTOINFO_TCP_FLAGS_REPLY].flatMap {
        NetlinkAttribute.bytes(
          UInt16($0.rawValue), [UInt8(IP_CT_TCP_FLAG_BE_LIBERAL), UInt8(IP_CT_TCP_FLAG_BE_LIBERAL)])
      }
    let request =
      Self.header(from) + Self.tuple(UInt16(CTA_TUPLE_ORIG.rawValue), from: from, to: to)
      + Self.tuple(UInt16(CTA_TUPLE_REPLY.rawValue), from: to, to: from)
      + Self.number(
        CTA_STATUS, IPS_CONFIRMED.rawValue | IPS_SEEN_REPLY.rawValue | IPS_ASSURED.rawValue)
      + NetlinkAttribute.nested(
        UInt16(CTA_PROTOINFO.rawValue),
        NetlinkAttribute.nested(UInt16(CTA_PROTOINFO_TCP.rawValue), state))
      + Self.number(CTA_TIMEOUT, timeout) + Self.number(CTA_MARK, mark)
    switch try netlink.ask(Self.new, flags: NLM_F_CREATE | NLM_F_EXCL, request) {
    case .messages: return true
    case .refused(Errno(EEXIST)): return false
    case .refused(let errno): throw Self.error(errno, "to add a connection")
    }
  }

  private static func error(_ errno: Errno, _ what: String) -> ConnectionError {
    switch errno {
    case .notPermitted: .notPermitted
    // nfnetlink's answer where nobody serves the subsystem.
    case Errno(EINVAL), Errno(EOPNOTSUPP):
      .unsupported(feature: "ctnetlink", option: "CONFIG_NF_CT_NETLINK")
    default: .refused(what: what, errno)
    }
  }

  private static let new = UInt16(NFNL_SUBSYS_CTNETLINK) << 8 | UInt16(IPCTNL_MSG_CT_NEW.rawValue)
  private static let get = UInt16(NFNL_SUBSYS_CTNETLINK) << 8 | UInt16(IPCTNL_MSG_CT_GET.rawValue)

  private static func header(_ end: Endpoint) -> [UInt8] {
    let family = end.address.bitWidth == 32 ? AF_INET : AF_INET6
    return [UInt8(family), UInt8(NFNETLINK_V0), 0, 0]
  }

  private static func number(_ type: ctattr_type, _ value: UInt32) -> [UInt8] {
    NetlinkAttribute.bytes(UInt16(type.rawValue), value.networkOrderBytes)
  }

  private static func tuple(_ type: UInt16, from: Endpoint, to: Endpoint) -> [UInt8] {
    let isIPv4 = from.address.bitWidth == 32
    let source = isIPv4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC
    let destination = isIPv4 ? CTA_IP_V4_DST : CTA_IP_V6_DST
    let addresses =
      NetlinkAttribute.bytes(
        UInt16(source.rawValue), Value.address(from.address).registerBytes)
      + NetlinkAttribute.bytes(
        UInt16(destination.rawValue), Value.address(to.address).registerBytes)
    let ports =
      NetlinkAttribute.bytes(
        UInt16(CTA_PROTO_NUM.rawValue), [UInt8(IPPROTO_TCP)])
      + NetlinkAttribute.bytes(UInt16(CTA_PROTO_SRC_PORT.rawValue), from.port.networkOrderBytes)
      + NetlinkAttribute.bytes(UInt16(CTA_PROTO_DST_PORT.rawValue), to.port.networkOrderBytes)
    return NetlinkAttribute.nested(
      type,
      NetlinkAttribute.nested(UInt16(CTA_TUPLE_IP.rawValue), addresses)
        + NetlinkAttribute.nested(UInt16(CTA_TUPLE_PROTO.rawValue), ports))
  }
}

extension TrackedConnection {
  /// Nil for what is no TCP connection.
  fileprivate init?(_ message: ArraySlice<UInt8>) {
    let attributes = NetlinkAttribute.all(in: message.dropFirst(4))
    func part(
      _ type: UInt32, _ among: [NetlinkAttribute]
    ) -> ArraySlice<UInt8>? { among.first { $0.type == UInt16(type) }?.payload }

    guard let tuple = part(CTA_TUPLE_ORIG.rawValue, attributes).map(NetlinkAttribute.all),
      let addresses = part(CTA_TUPLE_IP.rawValue, tuple).map(NetlinkAttribute.all),
      let transport = part(CTA_TUPLE_PROTO.rawValue, tuple).map(NetlinkAttribute.all),
      part(CTA_PROTO_NUM.rawValue, transport)?.first == UInt8(IPPROTO_TCP),
      let sourcePort = part(CTA_PROTO_SRC_PORT.rawValue, transport),
      let destinationPort = part(CTA_PROTO_DST_PORT.rawValue, transport),
      let source = part(CTA_IP_V4_SRC.rawValue, addresses)
        ?? part(CTA_IP_V6_SRC.rawValue, addresses),
      let destination = part(CTA_IP_V4_DST.rawValue, addresses)
        ?? part(CTA_IP_V6_DST.rawValue, addresses),
      let from = IPAddress(networkOrder: Array(source)),
      let to = IPAddress(networkOrder: Array(destination))
    else { return nil }
    func number(_ bytes: ArraySlice<UInt8>?) -> UInt32 {
      (bytes ?? []).reduce(0) { $0 << 8 | UInt32($1) }
    }
    self.init(
      from: Endpoint(address: from, port: UInt16(truncatingIfNeeded: number(sourcePort))),
      to: Endpoint(address: to, port: UInt16(truncatingIfNeeded: number(destinationPort))),
      // A kernel without marks says nothing of one.
      mark: number(part(CTA_MARK.rawValue, attributes)))
  }
}
