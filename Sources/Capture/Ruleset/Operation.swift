/// What a transaction does to one table.
package struct TableChange: Hashable, Sendable {
  package var table: TableIdentity
  package var operations: [Operation]

  package init(_ table: TableIdentity, _ operations: [Operation]) {
    self.table = table
    self.operations = operations
  }
}

extension TableChange {
  /// The same for a table that isn't there, without deleting one first; nil for a change that
  /// doesn't replace a whole table.
  package var creation: TableChange? {
    guard operations.count >= 3, case .addTable = operations[0], operations[1] == .deleteTable,
      case .addTable(let note) = operations[2]
    else { return nil }
    return TableChange(table, [.createTable(note: note)] + operations.dropFirst(3))
  }
}

/// One message of a transaction, about the table of its `TableChange`.
package enum Operation: Hashable, Sendable {
  /// Does nothing where it exists.
  ///
  /// - Parameter note: what the kernel is to keep of us beside it (NFTA_TABLE_USERDATA).
  case addTable(note: [UInt8] = [])
  /// Refused with EEXIST where it exists.
  case createTable(note: [UInt8] = [])
  case deleteTable
  case addSet(SetDefinition)
  case addElements(SetDefinition)
  case addChain(Chain)
  case addRule(chain: String, text: String, [KernelExpression])
}

/// A set as the kernel wants it, named or made for one rule.
package struct SetDefinition: Hashable, Sendable {
  package struct Element: Hashable, Sendable {
    package var key: [UInt8]
    /// Where a dispatch goes on for this key.
    package var goto: String?
    /// The range that began before ends in front of this key.
    package var endsInterval = false
  }

  package var name: String
  /// Names the set within its transaction, since an anonymous one has no other name yet.
  package var id: UInt32
  package var isAnonymous: Bool
  /// nft's number of the keys' type. The kernel only keeps it; `nft list` prints keys by it.
  package var keyType: UInt32
  /// In bytes.
  package var keyLength: UInt32
  /// Keys are numbers of this machine, not of the network.
  package var isHostOrder: Bool
  package var isInterval = false
  package var elements: [Element]

  /// A note that nft leaves for itself (attribute 0, the keys' byte order: 1 host, 2 network).
  /// Without it `nft list` takes uids and marks for numbers in network order.
  package var userData: [UInt8] { [0, 4] + UInt32(isHostOrder ? 1 : 2).hostOrderBytes }

  package var isDispatch: Bool { elements.contains { $0.goto != nil } }
}

/// One step of nftables' virtual machine: the name under which the kernel may or may not know it,
/// and its attributes by libnftnl's numbers.
package struct KernelExpression: Hashable, Sendable {
  package enum Attribute: Hashable, Sendable {
    case byte(UInt8)
    case word(UInt32)
    case bytes([UInt8])
    case text(String)
  }

  package var name: String
  package var attributes: [(number: UInt16, value: Attribute)]

  package init(_ name: String, _ attributes: [(number: UInt16, value: Attribute)] = []) {
    self.name = name
    self.attributes = attributes
  }

  package static func == (a: Self, b: Self) -> Bool {
    a.name == b.name
      && a.attributes.elementsEqual(b.attributes) { $0.number == $1.number && $0.value == $1.value }
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    for attribute in attributes {
      hasher.combine(attribute.number)
      hasher.combine(attribute.value)
    }
  }
}
