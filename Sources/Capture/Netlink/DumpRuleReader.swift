internal import CNetfilter

struct RuleRecord {
  var table: String
  var rule: DumpedRule
}

/// A rule and its expressions. For its `unsafe`, see DumpReaders.swift.
@safe struct RuleReader: ~Copyable {
  private let pointer: OpaquePointer

  /// libnftnl refuses a rule with an expression that it doesn't know, which a newer program may have
  /// made: of such a rule only the expressions' names are read.
  static func record(_ message: NetlinkMessage) throws(DumpSession.Interruption) -> RuleRecord {
    let reader = try RuleReader()
    return reader.read(message) ? try reader.record : try RuleRecord(namesIn: message)
  }

  private init() throws(DumpSession.Interruption) {
    guard let pointer = unsafe nftnl_rule_alloc() else { throw .failed(.noMemory) }
    unsafe self.pointer = pointer
  }

  deinit { unsafe nftnl_rule_free(pointer) }

  private func read(_ message: NetlinkMessage) -> Bool {
    unsafe message.withHeader { unsafe nftnl_rule_nlmsg_parse($0, pointer) } >= 0
  }

  private var record: RuleRecord {
    get throws(DumpSession.Interruption) {
      var length: UInt32 = 0
      let userData = unsafe nftnl_rule_get_data(
        pointer, UInt16(NFTNL_RULE_USERDATA.rawValue), &length)
      let (expressions, counter) = try contents
      return RuleRecord(
        table: text(NFTNL_RULE_TABLE),
        rule: DumpedRule(
          chain: text(NFTNL_RULE_CHAIN), handle: number(NFTNL_RULE_HANDLE),
          position: number(NFTNL_RULE_POSITION),
          userData: unsafe Array(copying: userData, count: length), expressions: expressions,
          counter: counter))
    }
  }

  private var contents: ([KernelExpression], RuleCounter?) {
    get throws(DumpSession.Interruption) {
      // The iterator looks at the rule's list, which stays as it is meanwhile.
      guard let iterator = unsafe nftnl_expr_iter_create(pointer) else {
        throw .failed(.noMemory)
      }
      defer { unsafe nftnl_expr_iter_destroy(iterator) }
      var expressions: [KernelExpression] = []
      var counter: RuleCounter?
      while let expression = unsafe nftnl_expr_iter_next(iterator) {
        let name = unsafe String(
          copying: nftnl_expr_get_str(expression, UInt16(NFTNL_EXPR_NAME)))
        unsafe expressions.append(KernelExpression(name: name, copying: expression))
        if name == "counter", counter == nil {
          counter = unsafe RuleCounter(
            packets: nftnl_expr_get_u64(expression, UInt16(NFTNL_EXPR_CTR_PACKETS)),
            bytes: nftnl_expr_get_u64(expression, UInt16(NFTNL_EXPR_CTR_BYTES)))
        }
      }
      return (expressions, counter)
    }
  }

  private func text(_ attribute: nftnl_rule_attr) -> String {
    unsafe String(copying: nftnl_rule_get_str(pointer, UInt16(attribute.rawValue)))
  }

  private func number(_ attribute: nftnl_rule_attr) -> UInt64 {
    unsafe nftnl_rule_get_u64(pointer, UInt16(attribute.rawValue))
  }
}

extension RuleRecord {
  fileprivate init(namesIn message: NetlinkMessage) throws(DumpSession.Interruption) {
    var table: String?
    var rule = DumpedRule(
      chain: "", handle: 0, position: 0, userData: [], expressions: [], counter: nil)
    for attribute in message.attributes {
      switch UInt32(attribute.type) {
      case NFTA_RULE_TABLE.rawValue: table = attribute.text
      case NFTA_RULE_CHAIN.rawValue: rule.chain = attribute.text
      case NFTA_RULE_HANDLE.rawValue: rule.handle = attribute.number
      case NFTA_RULE_POSITION.rawValue: rule.position = attribute.number
      case NFTA_RULE_USERDATA.rawValue: rule.userData = Array(attribute.payload)
      case NFTA_RULE_EXPRESSIONS.rawValue:
        rule.expressions = NetlinkAttribute.all(in: attribute.payload).compactMap { element in
          NetlinkAttribute.all(in: element.payload)
            .first { $0.type == UInt16(NFTA_EXPR_NAME.rawValue) }
            // Marked, lest it passes for a whole one that has no attributes.
            .map { KernelExpression("\($0.text)?") }
        }
      default: break
      }
    }
    guard let table else { throw .failed(.unreadable(what: "rules")) }
    self.init(table: table, rule: rule)
  }
}

extension NetlinkAttribute {
  fileprivate var text: String { String(decoding: payload.prefix { $0 != 0 }, as: UTF8.self) }
  /// Of any width up to eight bytes, in network order.
  fileprivate var number: UInt64 { payload.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }
}
