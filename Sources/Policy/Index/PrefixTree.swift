/// Blocks of addresses as a binary tree of their bits, without nodes that only pass on: a search
/// meets the blocks that hold an address, from the widest to the narrowest.
struct PrefixTree<Bits: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
  private struct Node {
    /// The block's first address.
    var base: Bits
    /// The nodes below whose next bit is 0 and 1.
    var zero = PrefixTree.none
    var one = PrefixTree.none
    /// None where this is no block but the fork of two.
    var payload: UInt32
    var length: UInt8

    func holds(_ address: Bits) -> Bool {
      // A shift by the whole width leaves nothing, as it should.
      (address ^ base) >> Bits(Bits.bitWidth - Int(length)) == 0
    }

    /// Whether `address` goes on at the node for 1.
    func goesToOne(_ address: Bits) -> Bool {
      address >> Bits(Bits.bitWidth - 1 - Int(length)) & 1 == 1
    }
  }

  private static var none: UInt32 { .max }
  private var nodes: [Node] = []
  private var root = PrefixTree.none

  init() {}

  /// Finds the node of a block, or makes one.
  ///
  /// - Returns: the payload that is there, which is `payload` where there was none.
  mutating func insert(_ base: Bits, _ length: Int, payload: UInt32) -> UInt32 {
    var link = Link.root
    while true {
      let index = self[link]
      guard index != Self.none else {
        self[link] = add(base, length, payload)
        return payload
      }
      let node = nodes[Int(index)]
      let common = min(length, Int(node.length), (base ^ node.base).leadingZeroBitCount)
      if common == node.length {
        guard length > common else {
          if node.payload == Self.none { nodes[Int(index)].payload = payload }
          return nodes[Int(index)].payload
        }
        link = node.goesToOne(base) ? .one(Int(index)) : .zero(Int(index))
        continue
      }
      // The node is pushed down, below the block or below a fork of both.
      let above: UInt32
      if common == length {
        above = add(base, length, payload)
      } else {
        above = add(base & ~(~0 >> Bits(common)), common, Self.none)
        let leaf = add(base, length, payload)
        attach(leaf, below: above)
      }
      attach(index, below: above)
      self[link] = above
      return payload
    }
  }

  /// Puts in the place of each payload what `place` makes of it.
  mutating func replacePayloads(_ place: (UInt32) -> RuleGroups.Place) {
    for index in nodes.indices where nodes[index].payload != Self.none {
      nodes[index].payload = place(nodes[index].payload).rawValue
    }
    arrange()
  }

  /// Puts each node right before the one that is below it at 0, so that a search meets memory that
  /// it has just fetched.
  private mutating func arrange() {
    guard root != Self.none else { return }
    var arranged: [Node] = []
    arranged.reserveCapacity(nodes.count)
    // Nodes that are still to be placed, and where their places are to be written down.
    var waiting = [(node: root, parent: Self.none)]
    while let (index, parent) = waiting.popLast() {
      let place = UInt32(arranged.count)
      let node = nodes[Int(index)]
      if parent != Self.none {
        if arranged[Int(parent)].zero == index, parent + 1 == place {
          arranged[Int(parent)].zero = place
        } else {
          arranged[Int(parent)].one = place
        }
      }
      arranged.append(node)
      if node.one != Self.none { waiting.append((node.one, place)) }
      if node.zero != Self.none { waiting.append((node.zero, place)) }
    }
    nodes = arranged
    root = 0
  }

  private enum Link {
    case root
    case zero(Int)
    case one(Int)
  }

  private subscript(link: Link) -> UInt32 {
    get {
      switch link {
      case .root: root
      case .zero(let parent): nodes[parent].zero
      case .one(let parent): nodes[parent].one
      }
    }
    set {
      switch link {
      case .root: root = newValue
      case .zero(let parent): nodes[parent].zero = newValue
      case .one(let parent): nodes[parent].one = newValue
      }
    }
  }

  private mutating func add(_ base: Bits, _ length: Int, _ payload: UInt32) -> UInt32 {
    nodes.append(Node(base: base, payload: payload, length: UInt8(length)))
    return UInt32(nodes.count - 1)
  }

  private mutating func attach(_ child: UInt32, below parent: UInt32) {
    if nodes[Int(parent)].goesToOne(nodes[Int(child)].base) {
      nodes[Int(parent)].one = child
    } else {
      nodes[Int(parent)].zero = child
    }
  }
}

extension PrefixTree {
  /// How far the search for an address has come.
  struct Walk {
    fileprivate let address: Bits
    fileprivate let shortest: Int
    fileprivate var node: UInt32?

    /// - Parameter shortest: blocks with a shorter prefix are passed over.
    init(_ address: Bits, shortest: Int = 0) {
      self.address = address
      self.shortest = shortest
    }
  }

  /// The payload of the next block that holds the address.
  func next(_ walk: inout Walk) -> UInt32? {
    let nodes = self.nodes.span
    var index = walk.node ?? root
    while index != Self.none {
      let node = nodes[Int(index)]
      guard node.holds(walk.address) else { break }
      let isLast = Int(node.length) == Bits.bitWidth
      index = isLast ? Self.none : node.goesToOne(walk.address) ? node.one : node.zero
      if node.payload != Self.none, Int(node.length) >= walk.shortest {
        walk.node = index
        return node.payload
      }
    }
    walk.node = Self.none
    return nil
  }
}
