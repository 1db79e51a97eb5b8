internal import CNetfilter

/// A set, or the piece of its elements that one message holds. For its `unsafe`, see
/// DumpReaders.swift.
@safe struct SetReader: ~Copyable {
  private let pointer: OpaquePointer

  init() throws(DumpSession.Interruption) {
    guard let pointer = unsafe nftnl_set_alloc() else { throw .failed(.noMemory) }
    unsafe self.pointer = pointer
  }

  deinit { unsafe nftnl_set_free(pointer) }

  borrowing func read(_ message: NetlinkMessage) throws(DumpSession.Interruption) {
    guard unsafe message.withHeader({ unsafe nftnl_set_nlmsg_parse($0, pointer) }) >= 0 else {
      throw .failed(.unreadable(what: "sets"))
    }
  }

  borrowing func readElements(_ message: NetlinkMessage) throws(DumpSession.Interruption) {
    guard unsafe message.withHeader({ unsafe nftnl_set_elems_nlmsg_parse($0, pointer) }) >= 0
    else { throw .failed(.unreadable(what: "a set's elements")) }
  }

  var table: String {
    unsafe String(copying: nftnl_set_get_str(pointer, UInt16(NFTNL_SET_TABLE.rawValue)))
  }

  /// All but the elements, which have messages of their own.
  var record: DumpedSet {
    var length: UInt32 = 0
    let userData = unsafe nftnl_set_get_data(
      pointer, UInt16(NFTNL_SET_USERDATA.rawValue), &length)
    return unsafe DumpedSet(
      name: String(copying: nftnl_set_get_str(pointer, UInt16(NFTNL_SET_NAME.rawValue))),
      handle: nftnl_set_get_u64(pointer, UInt16(NFTNL_SET_HANDLE.rawValue)),
      flags: number(NFTNL_SET_FLAGS), keyType: number(NFTNL_SET_KEY_TYPE),
      keyLength: number(NFTNL_SET_KEY_LEN), dataType: number(NFTNL_SET_DATA_TYPE),
      userData: Array(copying: userData, count: length), elements: [])
  }

  /// 0 where the kernel didn't say.
  private func number(_ attribute: nftnl_set_attr) -> UInt32 {
    unsafe nftnl_set_get_u32(pointer, UInt16(attribute.rawValue))
  }

  var elements: [DumpedElement] {
    get throws(DumpSession.Interruption) {
      // The iterator looks at the set's list, which stays as it is meanwhile.
      guard let iterator = unsafe nftnl_set_elems_iter_create(pointer) else {
        throw .failed(.noMemory)
      }
      defer { unsafe nftnl_set_elems_iter_destroy(iterator) }
      var elements: [DumpedElement] = []
      while let element = unsafe nftnl_set_elems_iter_next(iterator) {
        unsafe elements.append(DumpedElement(copying: element))
      }
      return elements
    }
  }
}

extension DumpedElement {
  /// The element must be one of a set that lives.
  fileprivate init(copying element: OpaquePointer) {
    func isSet(_ attribute: Int) -> Bool {
      unsafe nftnl_set_elem_is_set(element, UInt16(attribute))
    }
    func bytes(_ attribute: Int) -> [UInt8] {
      var length: UInt32 = 0
      let start = unsafe nftnl_set_elem_get(element, UInt16(attribute), &length)
      return unsafe Array(copying: start, count: length)
    }
    key = isSet(Int(NFTNL_SET_ELEM_KEY)) ? bytes(Int(NFTNL_SET_ELEM_KEY)) : []
    keyEnd = isSet(Int(NFTNL_SET_ELEM_KEY_END)) ? bytes(Int(NFTNL_SET_ELEM_KEY_END)) : nil
    flags =
      isSet(Int(NFTNL_SET_ELEM_FLAGS))
      ? unsafe nftnl_set_elem_get_u32(element, UInt16(NFTNL_SET_ELEM_FLAGS)) : 0
    verdict =
      isSet(Int(NFTNL_SET_ELEM_VERDICT))
      ? Int32(
        bitPattern: unsafe nftnl_set_elem_get_u32(element, UInt16(NFTNL_SET_ELEM_VERDICT))) : nil
    chain =
      isSet(Int(NFTNL_SET_ELEM_CHAIN))
      ? unsafe String(copying: nftnl_set_elem_get_str(element, UInt16(NFTNL_SET_ELEM_CHAIN)))
      : nil
  }
}
