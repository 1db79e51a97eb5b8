internal import CNetfilter

// Messages become values by libnftnl's objects, each with one owner that frees it.
//
// What holds for every `unsafe` here: the pointer came from the matching alloc function, was checked
// for nil, and belongs to the value alone, so it is valid until deinit; a message is whole
// (`NetlinkMessage.all`); strings and bytes that a getter returns belong to the object and are copied
// before anything else happens to it.

struct TableRecord {
  var family: KernelFamily
  var name: String
  var handle: UInt64
  var userData: [UInt8]
}

@safe struct TableReader: ~Copyable {
  private let pointer: OpaquePointer

  private init() throws(DumpSession.Interruption) {
    guard let pointer = unsafe nftnl_table_alloc() else { throw .failed(.noMemory) }
    unsafe self.pointer = pointer
  }

  static func record(_ message: NetlinkMessage) throws(DumpSession.Interruption) -> TableRecord {
    let reader = try TableReader()
    guard
      unsafe message.withHeader({ unsafe nftnl_table_nlmsg_parse($0, reader.pointer) }) >= 0
    else { throw .failed(.unreadable(what: "tables")) }
    return reader.record(family: message.family)
  }

  private func record(family: KernelFamily) -> TableRecord {
    var length: UInt32 = 0
    let userData = unsafe nftnl_table_get_data(
      pointer, UInt16(NFTNL_TABLE_USERDATA.rawValue), &length)
    return unsafe TableRecord(
      family: family,
      name: String(copying: nftnl_table_get_str(pointer, UInt16(NFTNL_TABLE_NAME.rawValue))),
      handle: nftnl_table_get_u64(pointer, UInt16(NFTNL_TABLE_HANDLE.rawValue)),
      userData: Array(copying: userData, count: length))
  }

  deinit { unsafe nftnl_table_free(pointer) }
}

struct ChainRecord {
  var family: KernelFamily
  var table: String
  var chain: DumpedChain
}

@safe struct ChainReader: ~Copyable {
  private let pointer: OpaquePointer

  private init() throws(DumpSession.Interruption) {
    guard let pointer = unsafe nftnl_chain_alloc() else { throw .failed(.noMemory) }
    unsafe self.pointer = pointer
  }

  static func record(_ message: NetlinkMessage) throws(DumpSession.Interruption) -> ChainRecord {
    let reader = try ChainReader()
    guard
      unsafe message.withHeader({ unsafe nftnl_chain_nlmsg_parse($0, reader.pointer) }) >= 0
    else { throw .failed(.unreadable(what: "chains")) }
    return reader.record(family: message.family)
  }

  private func record(family: KernelFamily) -> ChainRecord {
    ChainRecord(
      family: family, table: text(NFTNL_CHAIN_TABLE),
      chain: unsafe DumpedChain(
        name: text(NFTNL_CHAIN_NAME),
        handle: nftnl_chain_get_u64(pointer, UInt16(NFTNL_CHAIN_HANDLE.rawValue)), hook: hook))
  }

  private var hook: DumpedChain.Hook? {
    guard unsafe nftnl_chain_is_set(pointer, UInt16(NFTNL_CHAIN_HOOKNUM.rawValue)) else {
      return nil
    }
    return unsafe DumpedChain.Hook(
      kind: text(NFTNL_CHAIN_TYPE),
      number: nftnl_chain_get_u32(pointer, UInt16(NFTNL_CHAIN_HOOKNUM.rawValue)),
      priority: nftnl_chain_get_s32(pointer, UInt16(NFTNL_CHAIN_PRIO.rawValue)),
      policy: nftnl_chain_get_u32(pointer, UInt16(NFTNL_CHAIN_POLICY.rawValue)),
      devices: devices)
  }

  /// One interface has an attribute of its own, several are an array that ends with a null.
  private var devices: [String] {
    if unsafe nftnl_chain_is_set(pointer, UInt16(NFTNL_CHAIN_DEV.rawValue)) {
      return [text(NFTNL_CHAIN_DEV)]
    }
    guard unsafe nftnl_chain_is_set(pointer, UInt16(NFTNL_CHAIN_DEVICES.rawValue)),
      var entry = unsafe nftnl_chain_get_array(pointer, UInt16(NFTNL_CHAIN_DEVICES.rawValue))
    else { return [] }
    var devices: [String] = []
    while let name = unsafe entry.pointee {
      unsafe devices.append(String(copying: name))
      unsafe entry += 1
    }
    return devices.sorted()
  }

  private func text(_ attribute: nftnl_chain_attr) -> String {
    unsafe String(copying: nftnl_chain_get_str(pointer, UInt16(attribute.rawValue)))
  }

  deinit { unsafe nftnl_chain_free(pointer) }
}

extension DumpError {
  static let noMemory = DumpError.transport(.library("an object to read into"))
}

extension String {
  /// Empty for no string. The pointer must lead to a terminated one, as libnftnl's do.
  init(copying text: UnsafePointer<CChar>?) {
    guard let text = unsafe text else {
      self = ""
      return
    }
    unsafe self.init(cString: text)
  }
}

extension [UInt8] {
  /// Empty for no bytes. The pointer must lead to that many.
  init(copying bytes: UnsafeRawPointer?, count: UInt32) {
    guard let bytes = unsafe bytes else {
      self = []
      return
    }
    unsafe self.init(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
  }
}
