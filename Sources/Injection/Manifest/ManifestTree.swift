internal import Configuration

/// One document of a YAML stream: its nodes, and which bytes of the text each of them takes.
///
/// The nodes stand in one array and name each other by index. An alias is a node of its own and never
/// expanded, so that a tree is no larger than its text.
struct ManifestTree {
  struct Node {
    enum Kind: UInt8 { case scalar, alias, sequence, mapping }

    var kind: Kind
    /// Written with brackets.
    var isFlow = false
    /// A scalar without quotes that is no block.
    var isPlain = false
    /// An anchor or a tag stands before it.
    var hasProperties = false
    /// A tag that isn't one of those for text, numbers, truth and collections.
    var hasForeignTag = false
    /// There is an alias for it.
    var isShared = false
    /// The offset of its first byte, properties included. Of an item of a block sequence it is behind
    /// the dash.
    var start: Int
    /// Of a collection: behind its bracket, or where its first item's dash or first key begins.
    var inside: Int
    /// Behind its last byte; of a block collection behind its last child's.
    var end: Int
    /// Of a scalar.
    var text = ""
    /// What an alias stands for.
    var target = -1
    /// The first item, or the first key; -1 where there is none. Behind a key stands its value.
    var firstChild = -1
    var next = -1
  }

  var nodes: [Node] = []
  let root = 0
  let text: [UInt8]

  subscript(_ index: Int) -> Node { nodes[index] }

  /// The items of a sequence; nothing for other nodes.
  func items(of index: Int) -> [Int] {
    guard nodes[index].kind == .sequence else { return [] }
    return children(of: index)
  }

  /// The keys and values of a mapping; nothing for other nodes.
  func entries(of index: Int) -> [(key: Int, value: Int)] {
    guard nodes[index].kind == .mapping else { return [] }
    var entries: [(key: Int, value: Int)] = []
    var key = nodes[index].firstChild
    while key >= 0 {
      let value = nodes[key].next
      entries.append((key, value))
      key = nodes[value].next
    }
    return entries
  }

  func children(of index: Int) -> [Int] {
    var children: [Int] = []
    var child = nodes[index].firstChild
    while child >= 0 {
      children.append(child)
      child = nodes[child].next
    }
    return children
  }
}

/// The documents of a YAML stream, one after the other.
struct ManifestReader: ~Copyable {
  /// Schemas in custom resource definitions are some 60 levels deep.
  static let maximumDepth = 256

  /// Tags that leave a value what it is without them, or what its quotes make of it.
  private static let plainTags = Set(
    ["str", "int", "float", "bool", "map", "seq"].map { "tag:yaml.org,2002:\($0)" })

  private var events: EventSource
  private var offsets: CharacterOffsets
  private var tree: ManifestTree
  private var anchors: [String: Int] = [:]

  /// `text` must be without a byte order mark.
  init(_ text: [UInt8]) throws(SyntaxError) {
    events = try EventSource(text)
    offsets = CharacterOffsets(text)
    tree = ManifestTree(text: text)
  }

  /// The next document; nil at the end of the stream.
  mutating func next() throws(SyntaxError) -> ManifestTree? {
    guard case .documentStart = try events.next().kind else { return nil }
    tree.nodes.removeAll(keepingCapacity: true)
    anchors.removeAll(keepingCapacity: true)
    _ = try node(try events.next(), depth: 0)
    _ = try events.next()  // The end of the document.
    return tree
  }

  /// Adds a node with all below it; its index.
  private mutating func node(_ event: Event, depth: Int) throws(SyntaxError) -> Int {
    let index = tree.nodes.count
    let start = offsets.byte(of: event.extent.lowerBound)
    let inside = offsets.byte(of: event.extent.upperBound)
    var node = ManifestTree.Node(kind: .scalar, start: start, inside: inside, end: inside)
    node.hasProperties = event.tag != nil || event.anchor != nil
    node.hasForeignTag = event.tag.map { !Self.plainTags.contains($0) } ?? false
    node.isFlow = event.isFlow
    if let anchor = event.anchor { anchors[anchor] = index }
    switch event.kind {
    case .scalar(let scalar):
      node.text = scalar.text
      node.isPlain = scalar.isPlain
    case .alias(let name):
      guard let target = anchors[name] else {
        throw .malformed(
          at: event.position, problem: "there is no anchor of this alias's name before it",
          context: nil)
      }
      node.kind = .alias
      node.target = target
      tree.nodes[target].isShared = true
    case .sequenceStart: node.kind = .sequence
    case .mappingStart: node.kind = .mapping
    // libyaml never sends these where a value is due.
    case .documentStart, .documentEnd, .streamEnd, .sequenceEnd, .mappingEnd: break
    }
    tree.nodes.append(node)
    guard node.kind == .sequence || node.kind == .mapping else { return index }
    guard depth < Self.maximumDepth else {
      throw .tooDeep(at: event.position, limit: Self.maximumDepth)
    }
    if node.kind == .sequence, !node.isFlow, tree.text[inside...].first != UInt8(ascii: "-") {
      // In the column of its key: libyaml's mark is behind the first dash.
      tree.nodes[index].inside -= 1
    }
    try children(of: index, depth: depth)
    return index
  }

  private mutating func children(of parent: Int, depth: Int) throws(SyntaxError) {
    var last = -1
    while true {
      let event = try events.next()
      switch event.kind {
      case .sequenceEnd, .mappingEnd:
        if tree[parent].isFlow {
          tree.nodes[parent].end = offsets.byte(of: event.extent.upperBound)
        } else if last >= 0 {
          tree.nodes[parent].end = tree[last].end
        }
        return
      default: break
      }
      let child = try node(event, depth: depth + 1)
      if last < 0 {
        tree.nodes[parent].firstChild = child
      } else {
        tree.nodes[last].next = child
      }
      last = child
    }
  }
}

/// Finds the byte at which a character begins. Fast where the next one that is asked for is near.
struct CharacterOffsets {
  private let text: [UInt8]
  private var character = 0
  private var byte = 0

  init(_ text: [UInt8]) { self.text = text }

  mutating func byte(of wanted: Int) -> Int {
    while character < wanted, byte < text.count {
      byte += 1
      while byte < text.count, text[byte] & 0xc0 == 0x80 { byte += 1 }
      character += 1
    }
    while character > wanted {
      byte -= 1
      while text[byte] & 0xc0 == 0x80 { byte -= 1 }
      character -= 1
    }
    return byte
  }
}
