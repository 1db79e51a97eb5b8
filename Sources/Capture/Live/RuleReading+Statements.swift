internal import CNetfilter

extension RuleReading {
  /// A statement, and by how many expressions.
  func statement() -> (Statement, Int)? {
    for (statement, expression) in Self.fixed where startsWith([expression]) {
      return (statement, 1)
    }
    return jump() ?? constant() ?? tag() ?? dispatch()
  }

  private static let simple: [(Statement, KernelExpression)] = [
    (.counter, KernelExpression("counter")),
    (.accept, .verdict(NF_ACCEPT)),
    (.drop, .verdict(NF_DROP)),
    (.return, .verdict(NFT_RETURN.rawValue)),
    (.rejectWithReset, .reject(NFT_REJECT_TCP_RST.rawValue, code: 0)),
    (
      .rejectAsProhibited,
      .reject(
        NFT_REJECT_ICMPX_UNREACH.rawValue, code: NFT_REJECT_ICMPX_ADMIN_PROHIBITED.rawValue)
    ),
  ]

  private static let fixed = simple.map { ($0.0, $0.1.canonical) }

  private func jump() -> (Statement, Int)? {
    guard let verdict = expression("immediate"),
      let chain = verdict.text(NFTNL_EXPR_IMM_CHAIN)
    else { return nil }
    switch verdict.word(NFTNL_EXPR_IMM_VERDICT).map(Int32.init(bitPattern:)) {
    case NFT_GOTO.rawValue: return (.goto(chain), 1)
    case NFT_JUMP.rawValue: return (.jump(chain), 1)
    default: return nil
    }
  }

  /// A constant and what it is used for.
  private func constant() -> (Statement, Int)? {
    guard let bytes = expression("immediate")?.bytes(NFTNL_EXPR_IMM_DATA) else { return nil }
    if let meta = expression("meta", at: 1), meta.word(NFTNL_EXPR_META_SREG) != nil,
      let number = bytes.hostNumber(UInt32.self)
    {
      switch meta.word(NFTNL_EXPR_META_KEY) {
      case NFT_META_MARK.rawValue: return (.setPacketMark(number), 2)
      case NFT_META_PRIORITY.rawValue: return (.setPacketPriority(number), 2)
      default: return nil
      }
    }
    if let ct = expression("ct", at: 1), ct.word(NFTNL_EXPR_CT_SREG) != nil,
      ct.word(NFTNL_EXPR_CT_KEY) == NFT_CT_ZONE.rawValue
    {
      return bytes.hostNumber(UInt16.self).map { (.setZone($0), 2) }
    }
    guard let port = bytes.number(UInt16.self) else { return nil }
    if expression("redir", at: 1) != nil { return (.redirect(port: port), 2) }
    if expression("tproxy", at: 1) != nil { return (.tproxy(port: port), 2) }
    return nil
  }

  /// Some bits of a mark are written, the others kept: load, mask, store.
  private func tag() -> (Statement, Int)? {
    guard let mask = expression("bitwise", at: 1),
      let kept = mask.bytes(NFTNL_EXPR_BITWISE_MASK)?.hostNumber(UInt32.self),
      let tag = mask.bytes(NFTNL_EXPR_BITWISE_XOR)?.hostNumber(UInt32.self)
    else { return nil }
    if expression("ct")?.word(NFTNL_EXPR_CT_KEY) == NFT_CT_MARK.rawValue,
      expression("ct", at: 2)?.word(NFTNL_EXPR_CT_SREG) != nil
    {
      return (.tagConnection(tag: tag, mask: ~kept), 3)
    }
    if expression("meta")?.word(NFTNL_EXPR_META_KEY) == NFT_META_MARK.rawValue,
      expression("meta", at: 2)?.word(NFTNL_EXPR_META_SREG) != nil
    {
      return (.tagPacket(tag: tag, mask: ~kept), 3)
    }
    return nil
  }

  /// A dispatch loads its field without the conditions that a match would put before it.
  private func dispatch() -> (Statement, Int)? {
    for (selector, load) in loads() {
      guard let lookup = expression("lookup", at: load),
        lookup.word(NFTNL_EXPR_LOOKUP_DREG) == NFT_REG_VERDICT.rawValue,
        let members = members(lookup, of: selector)
      else { continue }
      let branches = members.compactMap { value, member in
        member.verdict == NFT_GOTO.rawValue ? member.chain.map { Branch(value, goto: $0) } : nil
      }
      if branches.count == members.count {
        return (.dispatch(selector, branches), load + 1)
      }
    }
    return nil
  }
}
