internal import CNetfilter
internal import Glibc

/// The messages of one transaction, ready to send, with what each of them was for.
struct Batch {
  private(set) var bytes: [UInt8] = []
  /// Per message that carries an operation: its sequence number and where it starts in `bytes`.
  private var operations: [UInt32: (operation: Operation, table: TableIdentity, start: Int)] = [:]

  static let beginSequence: UInt32 = 1
  /// The acknowledgement asked for is that of the end: the kernel acknowledges good messages of a
  /// batch that it then drops, and one answer per rule overflows the receive buffer.
  private(set) var endSequence: UInt32 = 0

  init(_ changes: [TableChange]) throws(TransactionError) {
    var builder = MessageBuilder()
    builder.begin(sequence: Self.beginSequence)
    builder.append(to: &bytes)
    var sequence = Self.beginSequence
    for change in changes {
      for operation in change.operations {
        for part in operation.parts {
          sequence += 1
          try builder.build(part, of: change.table, sequence: sequence)
          self.operations[sequence] = (part, change.table, bytes.count)
          builder.append(to: &bytes)
        }
      }
    }
    endSequence = sequence + 1
    builder.end(sequence: endSequence)
    builder.append(to: &bytes)
  }

  /// Nil for the first and the last message.
  func operation(sequence: UInt32) -> (operation: Operation, table: TableIdentity)? {
    operations[sequence].map { ($0.operation, $0.table) }
  }

  /// The name of the expression at a place in a message, as it stands there.
  func expression(sequence: UInt32, attributeOffset: Int) -> String? {
    guard let start = operations[sequence]?.start else { return nil }
    let message = bytes[start...]
    guard let length = message.word(at: 0).map(Int.init), attributeOffset + 4 <= length,
      let element = NetlinkAttribute.all(in: message.prefix(length).dropFirst(attributeOffset))
        .first, element.type == UInt16(NFTA_LIST_ELEM.rawValue)
    else { return nil }
    return NetlinkAttribute.all(in: element.payload)
      .first { $0.type == UInt16(NFTA_EXPR_NAME.rawValue) }
      .map { String(decoding: $0.payload.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

extension Operation {
  /// Most elements of one message: the length of their list is a 16-bit number, an element of a
  /// dispatch takes at most 120 bytes.
  private static let elementsPerMessage = 500

  /// The operation itself, or several that fill a large set piece by piece.
  fileprivate var parts: [Operation] {
    guard case .addElements(var set) = self, set.elements.count > Self.elementsPerMessage else {
      return [self]
    }
    let elements = set.elements
    return stride(from: 0, to: elements.count, by: Self.elementsPerMessage).map {
      set.elements = Array(elements[$0..<min($0 + Self.elementsPerMessage, elements.count)])
      return .addElements(set)
    }
  }
}

/// Writes one message after the other into its own memory.
@safe private struct MessageBuilder: ~Copyable {
  /// libnftnl writes without looking where the memory ends. Its largest message is a set's piece
  /// of 500 elements, whose list can't exceed 64 KiB; a rule stays below 4 KiB.
  private let memory: UnsafeMutableRawPointer
  private static let capacity = 256 * 1024

  init() {
    unsafe memory = .allocate(byteCount: Self.capacity, alignment: 16)
  }

  deinit { unsafe memory.deallocate() }

  /// Appends the message built last.
  borrowing func append(to bytes: inout [UInt8]) {
    // Every function below starts a message at the memory's start, and the message's length is the
    // first word of it.
    let length = unsafe memory.load(as: UInt32.self)
    unsafe bytes.append(
      contentsOf: UnsafeRawBufferPointer(start: memory, count: Int(length)))
  }

  mutating func begin(sequence: UInt32) { _ = unsafe nftnl_batch_begin(text, sequence) }

  mutating func end(sequence: UInt32) {
    let header = unsafe nftnl_batch_end(text, sequence)
    unsafe header?.pointee.nlmsg_flags |= UInt16(NLM_F_ACK)
  }

  mutating func build(
    _ operation: Operation, of identity: TableIdentity, sequence: UInt32
  ) throws(TransactionError) {
    let create = NLM_F_CREATE
    let family = identity.family.number
    let table = identity.name
    func start(
      _ type: nf_tables_msg_types, _ flags: Int32, _ sequence: UInt32
    ) -> UnsafeMutablePointer<nlmsghdr> {
      unsafe nftnl_nlmsg_build_hdr(text, UInt16(type.rawValue), family, UInt16(flags), sequence)
    }
    switch operation {
    case .addTable(let note):
      let object = try TableObject()
      try object.set(name: table)
      if !note.isEmpty { try object.set(note: note) }
      unsafe object.write(to: start(NFT_MSG_NEWTABLE, create, sequence))
    case .createTable(let note):
      let object = try TableObject()
      try object.set(name: table)
      if !note.isEmpty { try object.set(note: note) }
      unsafe object.write(to: start(NFT_MSG_NEWTABLE, create | NLM_F_EXCL, sequence))
    case .deleteTable:
      let object = try TableObject()
      try object.set(name: table)
      unsafe object.write(to: start(NFT_MSG_DELTABLE, 0, sequence))
    case .addSet(let definition):
      let object = try SetObject()
      try object.name(definition, table: table)
      try object.define(definition)
      unsafe object.write(to: start(NFT_MSG_NEWSET, create, sequence))
    case .addElements(let definition):
      let object = try SetObject()
      try object.name(definition, table: table)
      try object.add(definition.elements[...])
      unsafe object.writeElements(to: start(NFT_MSG_NEWSETELEM, create, sequence))
    case .addChain(let chain):
      let object = try ChainObject()
      try object.set(chain, table: table)
      unsafe object.write(to: start(NFT_MSG_NEWCHAIN, create, sequence))
    case .addRule(let chain, _, let expressions):
      let object = try RuleObject()
      try object.set(table: table, chain: chain)
      for expression in expressions { try object.add(expression) }
      unsafe object.write(to: start(NFT_MSG_NEWRULE, create | NLM_F_APPEND, sequence))
    }
  }

  /// `memory` is valid for as long as self is, and aligned for a header.
  private var text: UnsafeMutablePointer<CChar> {
    unsafe memory.assumingMemoryBound(to: CChar.self)
  }
}

extension TableFamily {
  /// `NFPROTO_*`
  var number: UInt16 {
    switch self {
    case .inet: UInt16(NFPROTO_INET)
    case .netdev: UInt16(NFPROTO_NETDEV)
    }
  }
}
