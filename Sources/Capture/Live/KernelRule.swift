internal import CNetfilter

/// A rule in the kernel's terms, in the one form that all ways of saying the same have in common:
/// what we send and what the kernel gives back are equal exactly if they do the same.
package struct KernelRule: Hashable, Sendable {
  package var expressions: [KernelExpression]
  /// The sets that were made for this rule alone; look-ups name them by their place here.
  package var sets: [[SetMember]]

  /// - Parameter anonymous: gives the members of a set that was made for a rule; nil for a name that
  ///   is no such set's.
  init(_ expressions: [KernelExpression], anonymous: (String) -> [SetMember]?) {
    var sets: [[SetMember]] = []
    self.expressions = expressions.map { expression in
      var expression = expression.canonical
      if let name = expression.text(NFTNL_EXPR_LOOKUP_SET), expression.name == "lookup",
        let members = anonymous(name)
      {
        expression[NFTNL_EXPR_LOOKUP_SET] = .word(UInt32(sets.count))
        sets.append(members)
      }
      return expression
    }
    self.sets = sets
  }
}

extension KernelExpression {
  /// Attributes in ascending order, without those that say what holds anyway, and without what
  /// differs between what is sent and what is listed though it means the same.
  var canonical: KernelExpression {
    var expression = self
    expression.attributes.sort { $0.number < $1.number }
    switch name {
    case "counter":
      expression.attributes = []
    case "lookup":
      // Counts within a transaction; never listed.
      expression[NFTNL_EXPR_LOOKUP_SET_ID] = nil
      expression.drop(NFTNL_EXPR_LOOKUP_FLAGS, where: 0)
    case "bitwise":
      // NFT_BITWISE_BOOL (MASK_XOR in newer headers): the only operation that we use.
      expression.drop(NFTNL_EXPR_BITWISE_OP, where: 0)
    case "reject":
      // A reset has no code, so none is listed.
      if word(NFTNL_EXPR_REJECT_TYPE) == NFT_REJECT_TCP_RST.rawValue {
        expression[NFTNL_EXPR_REJECT_CODE] = nil
      }
    case "redir":
      // The kernel lists one port as a range of one, and the flag that it derived from it.
      if word(NFTNL_EXPR_REDIR_REG_PROTO_MAX) == word(NFTNL_EXPR_REDIR_REG_PROTO_MIN) {
        expression[NFTNL_EXPR_REDIR_REG_PROTO_MAX] = nil
      }
      expression.drop(NFTNL_EXPR_REDIR_FLAGS, where: Self.portIsSpecified)
    case "tproxy":
      expression.drop(NFTNL_EXPR_TPROXY_FAMILY, where: 0)
    default: break
    }
    return expression
  }

  /// `NF_NAT_RANGE_PROTO_SPECIFIED` of linux/netfilter/nf_nat.h.
  private static let portIsSpecified: UInt32 = 2

  subscript(_ number: Int) -> Attribute? {
    get { attributes.first { $0.number == UInt16(number) }?.value }
    set {
      let index = attributes.firstIndex { $0.number == UInt16(number) }
      switch (index, newValue) {
      case (let index?, let value?): attributes[index].value = value
      case (let index?, nil): attributes.remove(at: index)
      case (nil, let value?): attributes.append((UInt16(number), value))
      case (nil, nil): break
      }
    }
  }

  private mutating func drop(_ number: Int, where value: UInt32) {
    if word(number) == value { self[number] = nil }
  }

  func word(_ number: Int) -> UInt32? {
    if case .word(let word) = self[number] { word } else { nil }
  }

  func bytes(_ number: Int) -> [UInt8]? {
    if case .bytes(let bytes) = self[number] { bytes } else { nil }
  }

  func text(_ number: Int) -> String? {
    if case .text(let text) = self[number] { text } else { nil }
  }
}

/// What a set holds: one key, or all keys from one to another.
package struct SetMember: Hashable, Sendable {
  package var key: [UInt8]
  /// Where a range ends.
  package var end: End?
  /// Of a dispatch.
  package var verdict: Int32?
  package var chain: String?

  package enum End: Hashable, Sendable {
    /// The first key behind the range.
    case before([UInt8])
    /// The last key of a range, field by field.
    case at([UInt8])
    /// The range takes in the last key of all.
    case never
  }
}

extension [SetMember] {
  /// - Parameters:
  ///   - elements: in the order of `DumpedElement.standsBefore`.
  ///   - isInterval: whether elements without a flag begin ranges.
  init(_ elements: [DumpedElement], isInterval: Bool) {
    self = []
    for element in elements {
      if element.isIntervalEnd {
        // One without a start closes nothing: nft puts such a one at the lowest key.
        if let last, last.end == .never { self[count - 1].end = .before(element.key) }
        continue
      }
      var end = element.keyEnd.map { SetMember.End.at($0) }
      if isInterval, end == nil { end = .never }
      append(
        SetMember(key: element.key, end: end, verdict: element.verdict, chain: element.chain))
    }
  }
}
