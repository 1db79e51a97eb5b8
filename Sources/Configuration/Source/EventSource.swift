internal import CYAML

/// The events of one YAML text, read by libyaml.
///
/// Together with `DocumentFile` the only place of this module where memory is handled by hand.
/// Used by one thread; holds a copy of the text and the parser until it goes out of scope.
@safe struct EventSource: ~Copyable {
  /// Allocated in `init`, initialised by libyaml there, deleted in `deinit`, never shared.
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  /// What `parser` reads; it keeps a pointer into it, so both live exactly as long as `self`.
  private let text: UnsafeMutableBufferPointer<UInt8>

  /// `bytes` must be UTF-8 without a byte order mark.
  init(_ bytes: [UInt8]) throws(SyntaxError) {
    unsafe text = .allocate(capacity: bytes.count)
    // The buffer has room for exactly these bytes and was just allocated.
    _ = unsafe text.initialize(from: bytes)
    unsafe parser = .allocate(capacity: 1)
    guard unsafe yaml_parser_initialize(parser) == 1 else {
      // The parser is not initialised: only the two allocations are to be undone.
      unsafe parser.deallocate()
      unsafe text.deallocate()
      throw .outOfMemory
    }
    unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    unsafe yaml_parser_set_input_string(parser, text.baseAddress, text.count)
  }

  deinit {
    // `self` exists only where `init` initialised all three; nothing refers to them any more.
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
    unsafe text.deallocate()
  }

  /// The next event; after `.streamEnd` or an error there is nothing but `.streamEnd`.
  mutating func next() throws(SyntaxError) -> Event {
    while true {
      var raw = unsafe yaml_event_t()
      guard unsafe yaml_parser_parse(parser, &raw) == 1 else { throw syntaxError() }
      // The parser filled `raw`; what it allocated for it is copied out before it is freed here.
      defer { unsafe yaml_event_delete(&raw) }
      if let event = unsafe Self.event(raw) { return event }
    }
  }

  /// Copies an event out of libyaml's memory; nil for the start of the stream.
  ///
  /// The member of `raw.data` that is read is always the one that `raw.type` names.
  private static func event(_ raw: yaml_event_t) -> Event? {
    let position = unsafe Position(raw.start_mark)
    switch unsafe raw.type {
    case YAML_DOCUMENT_START_EVENT: return Event(kind: .documentStart, position: position)
    case YAML_DOCUMENT_END_EVENT: return Event(kind: .documentEnd, position: position)
    // libyaml answers with no event once it is past the end or stopped by an error.
    case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return Event(kind: .streamEnd, position: position)
    case YAML_SEQUENCE_END_EVENT: return Event(kind: .sequenceEnd, position: position)
    case YAML_MAPPING_END_EVENT: return Event(kind: .mappingEnd, position: position)
    case YAML_ALIAS_EVENT: return Event(kind: .alias, position: position)
    case YAML_SCALAR_EVENT:
      let scalar = unsafe raw.data.scalar
      // libyaml gives `length` bytes at `value`, UTF-8 as its reader has checked.
      let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      return unsafe Event(
        kind: .scalar(
          Scalar(
            text: String(decoding: bytes, as: UTF8.self),
            isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)),
        position: position, tag: text(scalar.tag), hasAnchor: scalar.anchor != nil)
    case YAML_SEQUENCE_START_EVENT:
      let sequence = unsafe raw.data.sequence_start
      return unsafe Event(
        kind: .sequenceStart, position: position, tag: text(sequence.tag),
        hasAnchor: sequence.anchor != nil)
    case YAML_MAPPING_START_EVENT:
      let mapping = unsafe raw.data.mapping_start
      return unsafe Event(
        kind: .mappingStart, position: position, tag: text(mapping.tag),
        hasAnchor: mapping.anchor != nil)
    default: return nil
    }
  }

  private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    // libyaml ends tags with a zero byte.
    unsafe pointer.map { unsafe String(decodingCString: $0, as: UTF8.self) }
  }

  private func syntaxError() -> SyntaxError {
    let parser = unsafe self.parser.pointee
    switch unsafe parser.error {
    case YAML_MEMORY_ERROR: return .outOfMemory
    case YAML_READER_ERROR: return unsafe .notText(offset: Int(parser.problem_offset))
    default:
      // Both texts are literals of libyaml: they outlive the parser and never quote the document.
      return unsafe .malformed(
        at: Position(parser.problem_mark),
        problem: parser.problem.map { unsafe String(cString: $0) } ?? "no YAML",
        context: parser.context.map { unsafe String(cString: $0) })
    }
  }
}

extension Position {
  fileprivate init(_ mark: yaml_mark_t) {
    self.init(line: mark.line + 1, column: mark.column + 1)
  }
}
