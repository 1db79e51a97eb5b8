internal import Addressing
internal import CNetfilter

/// The expressions that rulesets are made of. All use register 1: each field is compared before the
/// next one is loaded.
extension KernelExpression {
  private static var register: Attribute { .word(NFT_REG_1.rawValue) }

  static func meta(_ key: nft_meta_keys) -> Self {
    Self(
      "meta",
      [
        (UInt16(NFTNL_EXPR_META_KEY), .word(key.rawValue)),
        (UInt16(NFTNL_EXPR_META_DREG), register),
      ])
  }

  static func setMeta(_ key: nft_meta_keys) -> Self {
    Self(
      "meta",
      [
        (UInt16(NFTNL_EXPR_META_KEY), .word(key.rawValue)),
        (UInt16(NFTNL_EXPR_META_SREG), register),
      ])
  }

  static func payload(_ base: nft_payload_bases, offset: UInt32, length: UInt32) -> Self {
    Self(
      "payload",
      [
        (UInt16(NFTNL_EXPR_PAYLOAD_DREG), register),
        (UInt16(NFTNL_EXPR_PAYLOAD_BASE), .word(base.rawValue)),
        (UInt16(NFTNL_EXPR_PAYLOAD_OFFSET), .word(offset)),
        (UInt16(NFTNL_EXPR_PAYLOAD_LEN), .word(length)),
      ])
  }

  static func connection(_ key: nft_ct_keys) -> Self {
    Self(
      "ct",
      [
        (UInt16(NFTNL_EXPR_CT_KEY), .word(key.rawValue)), (UInt16(NFTNL_EXPR_CT_DREG), register),
      ])
  }

  static func setConnection(_ key: nft_ct_keys) -> Self {
    Self(
      "ct",
      [
        (UInt16(NFTNL_EXPR_CT_KEY), .word(key.rawValue)),
        (UInt16(NFTNL_EXPR_CT_SREG), register),
      ])
  }

  /// The type of the route to the packet's source or destination.
  static func routeType(of address: nft_fib_flags) -> Self {
    Self(
      "fib",
      [
        (UInt16(NFTNL_EXPR_FIB_DREG), register),
        (UInt16(NFTNL_EXPR_FIB_RESULT), .word(NFT_FIB_RESULT_ADDRTYPE.rawValue)),
        (UInt16(NFTNL_EXPR_FIB_FLAGS), .word(address.rawValue)),
      ])
  }

  /// 1 where packets to the source would leave where this one arrived, else 0.
  static var isWayBack: Self {
    Self(
      "fib",
      [
        (UInt16(NFTNL_EXPR_FIB_DREG), register),
        (UInt16(NFTNL_EXPR_FIB_RESULT), .word(NFT_FIB_RESULT_OIF.rawValue)),
        (
          UInt16(NFTNL_EXPR_FIB_FLAGS),
          .word(NFTA_FIB_F_SADDR.rawValue | NFTA_FIB_F_IIF.rawValue | NFTA_FIB_F_PRESENT.rawValue)
        ),
      ])
  }

  /// 1 where the header or option is there, else 0.
  static func extensionHeader(_ kind: nft_exthdr_op, type: UInt8) -> Self {
    Self(
      "exthdr",
      [
        (UInt16(NFTNL_EXPR_EXTHDR_DREG), register),
        (UInt16(NFTNL_EXPR_EXTHDR_TYPE), .byte(type)),
        (UInt16(NFTNL_EXPR_EXTHDR_OFFSET), .word(0)),
        (UInt16(NFTNL_EXPR_EXTHDR_LEN), .word(1)),
        (UInt16(NFTNL_EXPR_EXTHDR_OP), .word(kind.rawValue)),
        (UInt16(NFTNL_EXPR_EXTHDR_FLAGS), .word(NFT_EXTHDR_F_PRESENT.rawValue)),
      ])
  }

  static func compare(_ operation: nft_cmp_ops, _ bytes: [UInt8]) -> Self {
    Self(
      "cmp",
      [
        (UInt16(NFTNL_EXPR_CMP_SREG), register),
        (UInt16(NFTNL_EXPR_CMP_OP), .word(operation.rawValue)),
        (UInt16(NFTNL_EXPR_CMP_DATA), .bytes(bytes)),
      ])
  }

  /// register = (register & mask) ^ xor
  static func mask(_ mask: [UInt8], xor: [UInt8]) -> Self {
    Self(
      "bitwise",
      [
        (UInt16(NFTNL_EXPR_BITWISE_SREG), register),
        (UInt16(NFTNL_EXPR_BITWISE_DREG), register),
        (UInt16(NFTNL_EXPR_BITWISE_LEN), .word(UInt32(mask.count))),
        (UInt16(NFTNL_EXPR_BITWISE_MASK), .bytes(mask)),
        (UInt16(NFTNL_EXPR_BITWISE_XOR), .bytes(xor)),
      ])
  }

  static var toNetworkOrder: Self {
    Self(
      "byteorder",
      [
        (UInt16(NFTNL_EXPR_BYTEORDER_SREG), register),
        (UInt16(NFTNL_EXPR_BYTEORDER_DREG), register),
        (UInt16(NFTNL_EXPR_BYTEORDER_OP), .word(NFT_BYTEORDER_HTON.rawValue)),
        (UInt16(NFTNL_EXPR_BYTEORDER_LEN), .word(4)),
        (UInt16(NFTNL_EXPR_BYTEORDER_SIZE), .word(4)),
      ])
  }

  /// A dispatch writes the verdict that it finds; a plain look-up ends the rule where it finds
  /// nothing.
  static func lookUp(_ set: String, id: UInt32, dispatch: Bool) -> Self {
    var expression = Self(
      "lookup",
      [
        (UInt16(NFTNL_EXPR_LOOKUP_SREG), register),
        (UInt16(NFTNL_EXPR_LOOKUP_SET), .text(set)),
        (UInt16(NFTNL_EXPR_LOOKUP_SET_ID), .word(id)),
      ])
    if dispatch {
      expression.attributes.append(
        (UInt16(NFTNL_EXPR_LOOKUP_DREG), .word(NFT_REG_VERDICT.rawValue)))
    }
    return expression
  }

  static func verdict(_ verdict: Int32) -> Self {
    Self(
      "immediate",
      [
        (UInt16(NFTNL_EXPR_IMM_DREG), .word(NFT_REG_VERDICT.rawValue)),
        (UInt16(NFTNL_EXPR_IMM_VERDICT), .word(UInt32(bitPattern: verdict))),
      ])
  }

  static func verdict(_ verdict: nft_verdicts, _ chain: String) -> Self {
    var expression = Self.verdict(verdict.rawValue)
    expression.attributes.append((UInt16(NFTNL_EXPR_IMM_CHAIN), .text(chain)))
    return expression
  }

  static func reject(_ kind: UInt32, code: UInt32) -> Self {
    Self(
      "reject",
      [
        (UInt16(NFTNL_EXPR_REJECT_TYPE), .word(kind)),
        (UInt16(NFTNL_EXPR_REJECT_CODE), .byte(UInt8(code))),
      ])
  }

  static func constant(_ bytes: [UInt8]) -> Self {
    Self(
      "immediate",
      [
        (UInt16(NFTNL_EXPR_IMM_DREG), register),
        (UInt16(NFTNL_EXPR_IMM_DATA), .bytes(bytes)),
      ])
  }

  static func tproxy(_ port: UInt16) -> [Self] {
    [
      constant(port.networkOrderBytes),
      Self(
        "tproxy",
        [
          (UInt16(NFTNL_EXPR_TPROXY_FAMILY), .word(UInt32(NFPROTO_UNSPEC))),
          (UInt16(NFTNL_EXPR_TPROXY_REG_PORT), register),
        ]),
    ]
  }

  static func redirect(_ port: UInt16) -> [Self] {
    [
      constant(port.networkOrderBytes),
      // The port alone; libnftnl and the kernel set "specified" from it.
      Self("redir", [(UInt16(NFTNL_EXPR_REDIR_REG_PROTO_MIN), register)]),
    ]
  }
}

extension Value {
  /// As the kernel holds the field in a register: addresses and ports in network order, what never
  /// travels in host order.
  var registerBytes: [UInt8] {
    switch self {
    case .interface(let name):
      Array(name.utf8) + Array(repeating: 0, count: 16 - name.utf8.count)
    case .interfacePrefix(let prefix): Array(prefix.utf8)
    case .uid(let uid): uid.hostOrderBytes
    case .gid(let gid): gid.hostOrderBytes
    case .addressRange(let first, _): Value.address(first).registerBytes
    case .portRange(let first, _): first.networkOrderBytes
    case .etherType(let type): type.rawValue.networkOrderBytes
    case .priority(let priority): priority.hostOrderBytes
    case .layer4Protocol(let number): [number.rawValue]
    case .address(.v4(let v4)): v4.rawValue.networkOrderBytes
    case .address(.v6(let v6)): v6.rawValue.networkOrderBytes
    case .prefix(let block):
      block.prefixLength.isMultiple(of: 8)
        ? Array(Value.address(block.base).registerBytes.prefix(block.prefixLength / 8))
        : Value.address(block.base).registerBytes
    case .port(let port): port.networkOrderBytes
    case .icmpv6Type(let type): [type.rawValue]
    case .tcpFlags(let flags): [flags.rawValue]
    case .state(let state): state.rawValue.hostOrderBytes
    case .status(let status): status.rawValue.hostOrderBytes
    case .direction(let direction): [direction.rawValue]
    case .mark(let mark): mark.hostOrderBytes
    case .addressType(let type): type.rawValue.hostOrderBytes
    }
  }
}

extension CIDR {
  /// Ones for the bits that the block fixes, in network order.
  var maskBytes: [UInt8] {
    (0..<base.bitWidth / 8).map { index in
      let fixed = min(max(prefixLength - index * 8, 0), 8)
      return UInt8(truncatingIfNeeded: 0xff00 >> fixed)
    }
  }
}

extension FixedWidthInteger where Self: UnsignedInteger {
  var networkOrderBytes: [UInt8] {
    stride(from: Self.bitWidth - 8, through: 0, by: -8).map {
      UInt8(truncatingIfNeeded: self >> Self($0))
    }
  }

  var hostOrderBytes: [UInt8] { networkOrderBytes.networkOrder }
}

/// True where the first byte of a number in memory is its least significant one.
private let isLittleEndian = UInt16(1).littleEndian == 1

extension [UInt8] {
  /// Between host and network order, either way.
  var networkOrder: [UInt8] { isLittleEndian ? reversed() : self }
}
