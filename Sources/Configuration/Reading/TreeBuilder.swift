/// Turns the events of a text into its tree of nodes and refuses what a configuration should not
/// use: anchors, aliases, tags of its own, several documents, keys that are no text, keys that
/// stand twice, deep nesting, and values that look like secrets.
struct TreeBuilder: ~Copyable {
  /// Lists and sections within each other, the document itself not counted. The deepest list that
  /// is read, a rule's methods, has depth 4.
  static let maximumDepth = 32

  private var events: EventSource
  private let findings: Findings

  /// The tree of `bytes`; nil where the text breaks off or holds none, which is reported.
  static func tree(of bytes: [UInt8], _ findings: Findings) -> Node? {
    let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]
    if bytes.starts(with: byteOrderMark) {
      return tree(of: Array(bytes.dropFirst(byteOrderMark.count)), findings)
    }
    var root: Node?
    do throws(SyntaxError) {
      var builder = TreeBuilder(events: try EventSource(bytes), findings: findings)
      root = try builder.document()
      if root != nil { try builder.expectEnd() }
    } catch {
      findings.report(error, in: bytes)
    }
    return root
  }

  private init(events: consuming EventSource, findings: Findings) {
    self.events = events
    self.findings = findings
  }

  private mutating func document() throws(SyntaxError) -> Node? {
    guard case .documentStart = try events.next().kind else {
      findings.error("the document is empty", at: Position(line: 1, column: 1))
      return nil
    }
    return try node(try events.next(), depth: 0, secretKey: false)
  }

  private mutating func expectEnd() throws(SyntaxError) {
    _ = try events.next()  // The end of the document.
    let end = try events.next()
    if case .documentStart = end.kind {
      findings.error("a second document begins here; only one is read", at: end.position)
    }
  }

  private mutating func node(
    _ event: Event, depth: Int, secretKey: Bool
  ) throws(SyntaxError) -> Node {
    if event.hasAnchor {
      findings.error("anchors (&) are not supported; write the value out", at: event.position)
    }
    let hasForeignTag = refuseForeignTag(of: event)
    switch event.kind {
    case .scalar where hasForeignTag: break
    case .scalar(let scalar):
      return Node(
        position: event.position,
        content: content(scalar, tag: event.tag, secretKey: secretKey, at: event.position))
    case .sequenceStart:
      return try sequence(at: event.position, depth: depth, secretKey: secretKey)
    case .mappingStart:
      return try mapping(at: event.position, depth: depth)
    case .alias:
      findings.error("aliases (*) are not supported; write the value out", at: event.position)
    case .documentStart, .documentEnd, .streamEnd, .sequenceEnd, .mappingEnd:
      break  // libyaml never sends these where a value is due.
    }
    return Node(position: event.position, content: .refused)
  }

  private mutating func sequence(
    at position: Position, depth: Int, secretKey: Bool
  ) throws(SyntaxError) -> Node {
    guard depth <= Self.maximumDepth else { throw .tooDeep(at: position, limit: Self.maximumDepth) }
    var items: [Node] = []
    while true {
      let event = try events.next()
      if case .sequenceEnd = event.kind {
        return Node(position: position, content: .sequence(items))
      }
      findings.enter(.index(items.count))
      items.append(try node(event, depth: depth + 1, secretKey: secretKey))
      findings.leave()
    }
  }

  private mutating func mapping(at position: Position, depth: Int) throws(SyntaxError) -> Node {
    guard depth <= Self.maximumDepth else { throw .tooDeep(at: position, limit: Self.maximumDepth) }
    var entries: [Node.Entry] = []
    var known = KnownKeys()
    while true {
      let event = try events.next()
      if case .mappingEnd = event.kind {
        return Node(position: position, content: .mapping(entries))
      }
      let key = try self.key(event, depth: depth)
      findings.enter(.key(key ?? "?"))
      let value = try node(
        try events.next(), depth: depth + 1, secretKey: key.map(Secret.isNamed) ?? false)
      if let key {
        if let line = known.line(of: key, among: entries) {
          findings.error("the key stands twice, first in line \(line)", at: event.position)
        } else {
          entries.append(Node.Entry(key: key, keyPosition: event.position, value: value))
        }
      }
      findings.leave()
    }
  }

  /// The text of a key; nil where it is none, which is reported.
  private mutating func key(_ event: Event, depth: Int) throws(SyntaxError) -> String? {
    guard case .scalar(let scalar) = event.kind else {
      if case .alias = event.kind {
      } else {
        findings.error("a key must be a plain word", at: event.position)
      }
      _ = try node(event, depth: depth + 1, secretKey: false)
      return nil
    }
    if event.hasAnchor {
      findings.error("anchors (&) are not supported; write the value out", at: event.position)
    }
    _ = refuseForeignTag(of: event)
    if let secret = Secret(in: scalar.text) {
      findings.error("this key looks like \(secret); keys are plain words", at: event.position)
      return nil
    }
    return scalar.text
  }

  private func content(
    _ scalar: Scalar, tag: String?, secretKey: Bool, at position: Position
  ) -> Node.Content {
    if let secret = Secret(in: scalar.text) {
      findings.error(
        "the value looks like \(secret); secrets don't belong here, only paths of their files",
        at: position)
      return .refused
    }
    if secretKey, !scalar.isNull, !Secret.isPath(scalar.text) {
      findings.error(
        "a key with this name holds a secret; only the path of a file may stand here "
          + "(it begins with / or ./)", at: position)
      return .refused
    }
    guard let tag else { return .scalar(scalar) }
    return .scalar(Scalar(text: scalar.text, isPlain: tag != Tag.string))
  }

  /// The tags that only say what the value is anyway. They change nothing but whether a scalar
  /// counts as quoted.
  private enum Tag {
    static let string = "tag:yaml.org,2002:str"
    static let scalars =
      [string] + ["int", "float", "bool", "null"].map { "tag:yaml.org,2002:\($0)" }
    static let sequence = "tag:yaml.org,2002:seq"
    static let mapping = "tag:yaml.org,2002:map"
  }

  /// Reports a tag that would change what the value is; true where there is one.
  private func refuseForeignTag(of event: Event) -> Bool {
    guard let tag = event.tag else { return false }
    let fits =
      switch event.kind {
      case .scalar: Tag.scalars.contains(tag)
      case .sequenceStart: tag == Tag.sequence
      case .mappingStart: tag == Tag.mapping
      default: false
      }
    if !fits { findings.error("this tag (!) is not supported; leave it out", at: event.position) }
    return !fits
  }
}

/// Where the keys of one mapping first stood. Most mappings are short: their keys are compared one
/// by one.
private struct KnownKeys {
  private static let shortest = 16
  private var lines: [String: Int] = [:]

  /// The line of `key` among the entries read so far; nil where it is new.
  mutating func line(of key: String, among entries: [Node.Entry]) -> Int? {
    guard entries.count >= Self.shortest else {
      return entries.first { $0.key == key }?.keyPosition.line
    }
    // The entries that came since the last look.
    for entry in entries[lines.count...] { lines[entry.key] = entry.keyPosition.line }
    return lines[key]
  }
}
