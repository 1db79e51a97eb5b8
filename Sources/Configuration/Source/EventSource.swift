internal import CYAML

/// The events of one YAML text, read by libyaml.
///
/// Together with `DocumentFile` the only place of this module where memory is handled by hand.
/// Used by one thread; holds a copy of the text and the parser until it goes out of scope.
@safe package struct EventSource: ~Copyable {
  /// Allocated in `init`, initialised by libyaml there, deleted in `deinit`, never shared.
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  /// What `parser` reads; it keeps a pointer into it, so both live exactly as long as `self`.
  private let text: UnsafeMutableBufferPointer<UInt8>

  /// `bytes` must be UTF-8 without a byte order mark.
  package init(_ bytes: [UInt8]) throws(SyntaxError) {
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
  package mutating func next() throws(SyntaxError) -> Event {
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
    switch unsafe raw.type {
    case YAML_DOCUMENT_START_EVENT: return unsafe Event(.documentStart, raw)
    case YAML_DOCUMENT_END_EVENT: return unsafe Event(.documentEnd, raw)
    // libyaml answers with no event once it is past the end or stopped by an error.
    case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return unsafe Event(.streamEnd, raw)
    case YAML_SEQUENCE_END_EVENT: return unsafe Event(.sequenceEnd, raw)
    case YAML_MAPPING_END_EVENT: return unsafe Event(.mappingEnd, raw)
    case YAML_ALIAS_EVENT:
      return unsafe Event(.alias(text(raw.data.alias.anchor) ?? ""), raw)
    case YAML_SCALAR_EVENT:
      let scalar = unsafe raw.data.scalar
      // libyaml gives `length` bytes at `value`, UTF-8 as its reader has checked.
      let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      var event = unsafe Event(
        .scalar(
          Scalar(
            text: String(decoding: bytes, as: UTF8.self),
            isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)), raw)
      event.tag = unsafe text(scalar.tag)
      event.anchor = unsafe text(scalar.anchor)
      return event
    case YAML_SEQUENCE_START_EVENT:
      var event = unsafe Event(.sequenceStart, raw)
      let sequence = unsafe raw.data.sequence_start
      event.tag = unsafe text(sequence.tag)
      event.anchor = unsafe text(sequence.anchor)
      event.isFlow = unsafe sequence.style == YAML_FLOW_SEQUENCE_STYLE
      return event
    case YAML_MAPPING_START_EVENT:
      var event = unsafe Event(.mappingStart, raw)
      let mapping = unsafe raw.data.mapping_start
      event.tag = unsafe text(mapping.tag)
      event.anchor = unsafe text(mapping.anchor)
      event.isFlow = unsafe mapping.style == YAML_FLOW_MAPPING_STYLE
      return event
    default: return nil
    }
  }

  private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    // libyaml ends tags and names of anchors with a zero byte.
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

extension Event {
  fileprivate init(_ kind: Kind, _ raw: yaml_event_t) {
    self.kind = kind
    position = unsafe Position(raw.start_mark)
    let start = unsafe raw.start_mark.index
    extent = unsafe start..<max(start, raw.end_mark.index)
  }
}

extension Position {
  fileprivate init(_ mark: yaml_mark_t) {
    self.init(line: mark.line + 1, column: mark.column + 1)
  }
}
