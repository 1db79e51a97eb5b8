internal import CNetfilter

extension KernelExpression {
  /// What libnftnl read of an expression: every attribute that it knows of those that rules of ours
  /// are made of, so that none that differs can hide; of others the name alone.
  ///
  /// The expression must be one of a rule that lives.
  init(name: String, copying expression: OpaquePointer) {
    self.init(name)
    for (number, kind) in Self.attributeKinds[name] ?? [] {
      let number = UInt16(number)
      guard unsafe nftnl_expr_is_set(expression, number) else { continue }
      let value: Attribute
      switch kind {
      case .byte: value = unsafe .byte(nftnl_expr_get_u8(expression, number))
      case .word: value = unsafe .word(nftnl_expr_get_u32(expression, number))
      case .text: value = unsafe .text(String(copying: nftnl_expr_get_str(expression, number)))
      case .bytes:
        var length: UInt32 = 0
        let start = unsafe nftnl_expr_get(expression, number, &length)
        value = unsafe .bytes(Array(copying: start, count: length))
      }
      attributes.append((number, value))
    }
  }

  /// How an attribute is held by libnftnl. Asked for in another width it would read beyond it.
  private enum Kind { case byte, word, bytes, text }

  private static let attributeKinds: [String: [(Int, Kind)]] = [
    "meta": words(NFTNL_EXPR_META_KEY, NFTNL_EXPR_META_DREG, NFTNL_EXPR_META_SREG),
    "payload": words(
      NFTNL_EXPR_PAYLOAD_DREG, NFTNL_EXPR_PAYLOAD_BASE, NFTNL_EXPR_PAYLOAD_OFFSET,
      NFTNL_EXPR_PAYLOAD_LEN, NFTNL_EXPR_PAYLOAD_SREG, NFTNL_EXPR_PAYLOAD_CSUM_TYPE,
      NFTNL_EXPR_PAYLOAD_CSUM_OFFSET, NFTNL_EXPR_PAYLOAD_FLAGS),
    "ct": words(NFTNL_EXPR_CT_KEY, NFTNL_EXPR_CT_DREG, NFTNL_EXPR_CT_SREG)
      + [(Int(NFTNL_EXPR_CT_DIR), .byte)],
    "fib": words(NFTNL_EXPR_FIB_DREG, NFTNL_EXPR_FIB_RESULT, NFTNL_EXPR_FIB_FLAGS),
    "exthdr": words(NFTNL_EXPR_EXTHDR_DREG) + [(Int(NFTNL_EXPR_EXTHDR_TYPE), .byte)]
      + words(
        NFTNL_EXPR_EXTHDR_OFFSET, NFTNL_EXPR_EXTHDR_LEN, NFTNL_EXPR_EXTHDR_OP,
        NFTNL_EXPR_EXTHDR_FLAGS, NFTNL_EXPR_EXTHDR_SREG),
    "cmp": words(NFTNL_EXPR_CMP_SREG, NFTNL_EXPR_CMP_OP) + bytes(NFTNL_EXPR_CMP_DATA),
    "range": words(NFTNL_EXPR_RANGE_SREG, NFTNL_EXPR_RANGE_OP)
      + bytes(NFTNL_EXPR_RANGE_FROM_DATA, NFTNL_EXPR_RANGE_TO_DATA),
    "bitwise": words(
      NFTNL_EXPR_BITWISE_SREG, NFTNL_EXPR_BITWISE_DREG, NFTNL_EXPR_BITWISE_LEN)
      + bytes(NFTNL_EXPR_BITWISE_MASK, NFTNL_EXPR_BITWISE_XOR)
      + words(NFTNL_EXPR_BITWISE_OP) + bytes(NFTNL_EXPR_BITWISE_DATA),
    "byteorder": words(
      NFTNL_EXPR_BYTEORDER_SREG, NFTNL_EXPR_BYTEORDER_DREG, NFTNL_EXPR_BYTEORDER_OP,
      NFTNL_EXPR_BYTEORDER_LEN, NFTNL_EXPR_BYTEORDER_SIZE),
    "lookup": words(NFTNL_EXPR_LOOKUP_SREG) + [(Int(NFTNL_EXPR_LOOKUP_SET), .text)]
      + words(NFTNL_EXPR_LOOKUP_SET_ID, NFTNL_EXPR_LOOKUP_DREG, NFTNL_EXPR_LOOKUP_FLAGS),
    "immediate": words(NFTNL_EXPR_IMM_DREG) + bytes(NFTNL_EXPR_IMM_DATA)
      + words(NFTNL_EXPR_IMM_VERDICT) + [(Int(NFTNL_EXPR_IMM_CHAIN), .text)],
    "reject": words(NFTNL_EXPR_REJECT_TYPE) + [(Int(NFTNL_EXPR_REJECT_CODE), .byte)],
    "redir": words(
      NFTNL_EXPR_REDIR_REG_PROTO_MIN, NFTNL_EXPR_REDIR_REG_PROTO_MAX, NFTNL_EXPR_REDIR_FLAGS),
    "tproxy": words(
      NFTNL_EXPR_TPROXY_FAMILY, NFTNL_EXPR_TPROXY_REG_ADDR, NFTNL_EXPR_TPROXY_REG_PORT),
  ]

  private static func words(_ numbers: Int...) -> [(Int, Kind)] { numbers.map { ($0, .word) } }
  private static func bytes(_ numbers: Int...) -> [(Int, Kind)] { numbers.map { ($0, .bytes) } }
}
