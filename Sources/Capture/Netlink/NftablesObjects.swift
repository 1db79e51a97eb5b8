internal import CNetfilter

// The objects of libnftnl, each with one owner that frees it. They live while one message is built
// and never leave this file: the functions of `MessageBuilder` make, fill, write and drop them.
//
// What holds for every `unsafe` here: the pointer came from the matching alloc function, was checked
// for nil, and belongs to the value alone, so it is valid until deinit; libnftnl copies the strings
// and bytes that it is given.

@safe struct TableObject: ~Copyable {
  private let pointer: OpaquePointer

  init() throws(TransactionError) {
    guard let pointer = unsafe nftnl_table_alloc() else { throw .library("a table") }
    unsafe self.pointer = pointer
  }

  borrowing func set(name: String) throws(TransactionError) {
    guard unsafe nftnl_table_set_str(pointer, UInt16(NFTNL_TABLE_NAME.rawValue), name) == 0 else {
      throw .library("a table")
    }
  }

  borrowing func set(note: [UInt8]) throws(TransactionError) {
    guard
      unsafe nftnl_table_set_data(
        pointer, UInt16(NFTNL_TABLE_USERDATA.rawValue), note, UInt32(note.count)) == 0
    else { throw .library("a table") }
  }

  borrowing func write(to header: UnsafeMutablePointer<nlmsghdr>) {
    unsafe nftnl_table_nlmsg_build_payload(header, pointer)
  }

  deinit { unsafe nftnl_table_free(pointer) }
}

@safe struct ChainObject: ~Copyable {
  private let pointer: OpaquePointer

  init() throws(TransactionError) {
    guard let pointer = unsafe nftnl_chain_alloc() else { throw .library("a chain") }
    unsafe self.pointer = pointer
  }

  borrowing func set(_ chain: Chain, table: String) throws(TransactionError) {
    guard
      unsafe nftnl_chain_set_str(pointer, UInt16(NFTNL_CHAIN_TABLE.rawValue), table) == 0,
      unsafe nftnl_chain_set_str(pointer, UInt16(NFTNL_CHAIN_NAME.rawValue), chain.name) == 0
    else { throw .library("a chain") }
    guard let hook = chain.hook else { return }
    guard
      unsafe nftnl_chain_set_str(
        pointer, UInt16(NFTNL_CHAIN_TYPE.rawValue), hook.kind.rawValue) == 0
    else { throw .library("a chain") }
    unsafe nftnl_chain_set_u32(
      pointer, UInt16(NFTNL_CHAIN_HOOKNUM.rawValue), hook.point.number)
    unsafe nftnl_chain_set_s32(pointer, UInt16(NFTNL_CHAIN_PRIO.rawValue), hook.priority)
    unsafe nftnl_chain_set_u32(
      pointer, UInt16(NFTNL_CHAIN_POLICY.rawValue),
      UInt32(hook.policy == .accept ? NF_ACCEPT : NF_DROP))
    try set(devices: hook.devices)
  }

  private borrowing func set(devices: [String]) throws(TransactionError) {
    switch devices.count {
    case 0: return
    case 1:
      guard
        unsafe nftnl_chain_set_str(pointer, UInt16(NFTNL_CHAIN_DEV.rawValue), devices[0]) == 0
      else { throw .library("a chain") }
    default:
      // An array of pointers to strings that ends with nil; libnftnl copies all of it. The pointers
      // are offsets into `text`, which stays where it is inside the closure.
      let text = devices.flatMap { Array($0.utf8) + [0] }.map { CChar(bitPattern: $0) }
      let starts = devices.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.utf8.count + 1) }
      let status = unsafe text.withUnsafeBufferPointer { text in
        var names: [UnsafePointer<CChar>?] = unsafe starts.dropLast().map { start in
          unsafe text.baseAddress.map { unsafe $0 + start }
        }
        unsafe names.append(nil)
        return unsafe nftnl_chain_set_data(
          pointer, UInt16(NFTNL_CHAIN_DEVICES.rawValue), names,
          UInt32(names.count * MemoryLayout<UnsafePointer<CChar>?>.stride))
      }
      guard status == 0
      else { throw .library("a chain") }
    }
  }

  borrowing func write(to header: UnsafeMutablePointer<nlmsghdr>) {
    unsafe nftnl_chain_nlmsg_build_payload(header, pointer)
  }

  deinit { unsafe nftnl_chain_free(pointer) }
}

@safe struct SetObject: ~Copyable {
  private let pointer: OpaquePointer

  init() throws(TransactionError) {
    guard let pointer = unsafe nftnl_set_alloc() else { throw .library("a set") }
    unsafe self.pointer = pointer
  }

  /// Which set it is.
  borrowing func name(_ definition: SetDefinition, table: String) throws(TransactionError) {
    guard
      unsafe nftnl_set_set_str(pointer, UInt16(NFTNL_SET_TABLE.rawValue), table) == 0,
      unsafe nftnl_set_set_str(pointer, UInt16(NFTNL_SET_NAME.rawValue), definition.name) == 0
    else { throw .library("a set") }
    unsafe nftnl_set_set_u32(pointer, UInt16(NFTNL_SET_ID.rawValue), definition.id)
  }

  /// What defines the set; messages that only fill it go without.
  borrowing func define(_ definition: SetDefinition) throws(TransactionError) {
    var flags: UInt32 = 0
    if definition.isInterval { flags |= NFT_SET_INTERVAL.rawValue }
    if definition.isAnonymous { flags |= NFT_SET_ANONYMOUS.rawValue | NFT_SET_CONSTANT.rawValue }
    if definition.isDispatch {
      flags |= NFT_SET_MAP.rawValue
      unsafe nftnl_set_set_u32(
        pointer, UInt16(NFTNL_SET_DATA_TYPE.rawValue), UInt32(NFT_DATA_VERDICT.rawValue))
    }
    unsafe nftnl_set_set_u32(pointer, UInt16(NFTNL_SET_FLAGS.rawValue), flags)
    unsafe nftnl_set_set_u32(pointer, UInt16(NFTNL_SET_KEY_TYPE.rawValue), definition.keyType)
    unsafe nftnl_set_set_u32(pointer, UInt16(NFTNL_SET_KEY_LEN.rawValue), definition.keyLength)
    guard
      unsafe nftnl_set_set_data(
        pointer, UInt16(NFTNL_SET_USERDATA.rawValue), definition.userData,
        UInt32(definition.userData.count)) == 0
    else { throw .library("a set") }
    if definition.isAnonymous {
      unsafe nftnl_set_set_u32(
        pointer, UInt16(NFTNL_SET_DESC_SIZE.rawValue), UInt32(definition.elements.count))
    }
  }

  borrowing func add(_ elements: ArraySlice<SetDefinition.Element>) throws(TransactionError) {
    for element in elements {
      let object = try ElementObject()
      try object.set(element)
      unsafe nftnl_set_elem_add(pointer, object.release())
    }
  }

  borrowing func write(to header: UnsafeMutablePointer<nlmsghdr>) {
    unsafe nftnl_set_nlmsg_build_payload(header, pointer)
  }

  borrowing func writeElements(to header: UnsafeMutablePointer<nlmsghdr>) {
    unsafe nftnl_set_elems_nlmsg_build_payload(header, pointer)
  }

  deinit { unsafe nftnl_set_free(pointer) }
}

/// One element until the set takes it over.
@safe private struct ElementObject: ~Copyable {
  private let pointer: OpaquePointer

  init() throws(TransactionError) {
    guard let pointer = unsafe nftnl_set_elem_alloc() else { throw .library("a set's element") }
    unsafe self.pointer = pointer
  }

  borrowing func set(_ element: SetDefinition.Element) throws(TransactionError) {
    guard
      unsafe nftnl_set_elem_set(
        pointer, UInt16(NFTNL_SET_ELEM_KEY), element.key, UInt32(element.key.count)) == 0
    else { throw .library("a set's element") }
    if element.endsInterval {
      unsafe nftnl_set_elem_set_u32(
        pointer, UInt16(NFTNL_SET_ELEM_FLAGS), UInt32(NFT_SET_ELEM_INTERVAL_END.rawValue))
    }
    guard let chain = element.goto else { return }
    unsafe nftnl_set_elem_set_u32(
      pointer, UInt16(NFTNL_SET_ELEM_VERDICT), UInt32(bitPattern: NFT_GOTO.rawValue))
    guard unsafe nftnl_set_elem_set_str(pointer, UInt16(NFTNL_SET_ELEM_CHAIN), chain) == 0 else {
      throw .library("a set's element")
    }
  }

  consuming func release() -> OpaquePointer {
    let pointer = unsafe pointer
    discard self
    return unsafe pointer
  }

  deinit { unsafe nftnl_set_elem_free(pointer) }
}

@safe struct RuleObject: ~Copyable {
  private let pointer: OpaquePointer

  init() throws(TransactionError) {
    guard let pointer = unsafe nftnl_rule_alloc() else { throw .library("a rule") }
    unsafe self.pointer = pointer
  }

  borrowing func set(table: String, chain: String) throws(TransactionError) {
    guard
      unsafe nftnl_rule_set_str(pointer, UInt16(NFTNL_RULE_TABLE.rawValue), table) == 0,
      unsafe nftnl_rule_set_str(pointer, UInt16(NFTNL_RULE_CHAIN.rawValue), chain) == 0
    else { throw .library("a rule") }
  }

  borrowing func add(_ expression: KernelExpression) throws(TransactionError) {
    let object = try ExpressionObject(name: expression.name)
    try object.set(expression)
    unsafe nftnl_rule_add_expr(pointer, object.release())
  }

  borrowing func write(to header: UnsafeMutablePointer<nlmsghdr>) {
    unsafe nftnl_rule_nlmsg_build_payload(header, pointer)
  }

  deinit { unsafe nftnl_rule_free(pointer) }
}

/// One expression until the rule takes it over.
@safe private struct ExpressionObject: ~Copyable {
  private let pointer: OpaquePointer

  init(name: String) throws(TransactionError) {
    guard let pointer = unsafe nftnl_expr_alloc(name) else {
      throw .library("the expression \(name)")
    }
    unsafe self.pointer = pointer
  }

  borrowing func set(_ expression: KernelExpression) throws(TransactionError) {
    for (number, value) in expression.attributes {
      var status: Int32 = 0
      switch value {
      case .byte(let byte): unsafe nftnl_expr_set_u8(pointer, number, byte)
      case .word(let word): unsafe nftnl_expr_set_u32(pointer, number, word)
      case .bytes(let bytes):
        status = unsafe nftnl_expr_set(pointer, number, bytes, UInt32(bytes.count))
      case .text(let text): status = unsafe nftnl_expr_set_str(pointer, number, text)
      }
      guard status == 0 else { throw .library("the expression \(expression.name)") }
    }
  }

  consuming func release() -> OpaquePointer {
    let pointer = unsafe pointer
    discard self
    return unsafe pointer
  }

  deinit { unsafe nftnl_expr_free(pointer) }
}

extension Hook.Point {
  /// `enum nf_inet_hooks`
  fileprivate var number: UInt32 {
    switch self {
    case .egress: UInt32(NF_NETDEV_EGRESS.rawValue)
    case .prerouting: UInt32(NF_INET_PRE_ROUTING.rawValue)
    case .input: UInt32(NF_INET_LOCAL_IN.rawValue)
    case .forward: UInt32(NF_INET_FORWARD.rawValue)
    case .output: UInt32(NF_INET_LOCAL_OUT.rawValue)
    case .postrouting: UInt32(NF_INET_POST_ROUTING.rawValue)
    }
  }
}
