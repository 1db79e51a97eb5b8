internal import Addressing
internal import Policy

/// Reads the record that one line holds, alone or as the `data` of a CloudEvents envelope.
struct AuditEntryParser: ~Escapable {
  /// `type` of the events that hold a record.
  static let eventType = "io.portarium.audit.v1"

  // Made once: `allCases` makes an array at each call.
  private static let reasons = DenyReason.allCases
  private static let directions = AuditRecord.Direction.allCases
  private static let modes = EnforcementMode.allCases
  private static let protocols = AuditRecord.ApplicationProtocol.allCases
  private static let outcomes = AuditRecord.Outcome.allCases
  private static let decisions = AuditRecord.Decision.allCases

  private var scanner: JSONScanner
  private var fields = AuditFieldSet()
  private var entry = AuditEntry()
  /// The envelope's own members, where they were seen.
  private var hasSpecVersion = false
  private var hasEventType = false
  private var enclosed: (entry: AuditEntry, fields: AuditFieldSet)?

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) { scanner = JSONScanner(bytes) }

  @_lifetime(self: copy self)
  mutating func entry(
    unescapingInto buffer: inout [UInt8]
  ) throws(AuditLineFault) -> AuditEntry {
    guard try scanner.peek() == UInt8(ascii: "{") else {
      try scanner.skipValue(unescapingInto: &buffer)
      try scanner.end()
      throw .otherEvent
    }
    try object(isEnclosed: false, unescapingInto: &buffer)
    try scanner.end()
    if hasSpecVersion {
      guard hasEventType, let enclosed else { throw .otherEvent }
      (entry, fields) = enclosed
    }
    if let field = fields.firstMissing(of: .required) { throw .missing(field) }
    return entry
  }

  @_lifetime(self: copy self)
  private mutating func object(
    isEnclosed: Bool, unescapingInto buffer: inout [UInt8]
  ) throws(AuditLineFault) {
    try scanner.expect(UInt8(ascii: "{"))
    if try scanner.skip(UInt8(ascii: "}")) { return }
    var expected = 0
    repeat {
      let key = try scanner.string(unescapingInto: &buffer)
      try scanner.expect(UInt8(ascii: ":"))
      if let index = AuditFieldNames.all.index(of: bytes(of: key, buffer), expected: expected) {
        expected = index + 1
        let field = AuditFieldNames.all.fields[index]
        guard !fields.contains(index) else { throw .repeated(field) }
        // null says as little as no field.
        if try scanner.peek() == UInt8(ascii: "n") {
          _ = try scanner.literal()
        } else {
          fields.insert(index)
          try read(field, unescapingInto: &buffer)
        }
      } else if isEnclosed {
        try scanner.skipValue(depth: 2, unescapingInto: &buffer)
      } else {
        try readEnvelope(key, unescapingInto: &buffer)
      }
    } while try scanner.skip(UInt8(ascii: ","))
    try scanner.expect(UInt8(ascii: "}"))
  }

  /// A member that no record has.
  @_lifetime(self: copy self)
  private mutating func readEnvelope(
    _ key: AuditText, unescapingInto buffer: inout [UInt8]
  ) throws(AuditLineFault) {
    let next = try scanner.peek()
    if next == UInt8(ascii: "{"), bytes(of: key, buffer).isText("data"), enclosed == nil {
      let outer = (entry, fields)
      (entry, fields) = (AuditEntry(), AuditFieldSet())
      try object(isEnclosed: true, unescapingInto: &buffer)
      enclosed = (entry, fields)
      (entry, fields) = outer
    } else if next == UInt8(ascii: "\"") {
      let text = try scanner.string(unescapingInto: &buffer)
      if bytes(of: key, buffer).isText("specversion") { hasSpecVersion = true }
      if bytes(of: key, buffer).isText("type") {
        hasEventType = bytes(of: text, buffer).isText(Self.eventType)
      }
    } else {
      try scanner.skipValue(depth: 1, unescapingInto: &buffer)
    }
  }

  @_lifetime(self: copy self)
  private mutating func read(
    _ field: AuditField, unescapingInto buffer: inout [UInt8]
  ) throws(AuditLineFault) {
    switch field {
    case .workspaceId: entry.workspaceID = try text(field, &buffer)
    case .matchedRule: entry.matchedRule = try text(field, &buffer)
    case .policy: entry.policy = try text(field, &buffer)
    case .destinationHost: entry.host = try text(field, &buffer)
    case .httpMethod: entry.method = try text(field, &buffer)
    case .httpPath: entry.path = try text(field, &buffer)
    case .traceparent: entry.traceparent = try text(field, &buffer)
    case .agentSpiffeId: entry.agentID = try text(field, &buffer)
    case .peerSpiffeId: entry.peerID = try text(field, &buffer)
    case .tlsFailure: entry.tlsFailure = try text(field, &buffer)
    case .policyReason:
      entry.reasonText = try text(field, &buffer)
      entry.reason = word(entry.reasonText, buffer, of: Self.reasons)
    case .direction: entry.direction = word(try text(field, &buffer), buffer, of: Self.directions)
    case .enforcementMode:
      entry.enforcementMode = word(try text(field, &buffer), buffer, of: Self.modes)
    case .protocol:
      entry.applicationProtocol = word(try text(field, &buffer), buffer, of: Self.protocols)
    case .outcome: entry.outcome = word(try text(field, &buffer), buffer, of: Self.outcomes)
    case .policyDecision:
      guard let decision = word(try text(field, &buffer), buffer, of: Self.decisions) else {
        throw .badValue(field)
      }
      entry.decision = decision
    case .enforced:
      guard [UInt8(ascii: "t"), UInt8(ascii: "f")].contains(try scanner.peek()) else {
        throw .badValue(field)
      }
      entry.enforced = try scanner.literal() == UInt8(ascii: "t")
    case .timestamp:
      let text = try text(field, &buffer)
      guard let time = bytes(of: text, buffer).nanosecondsSinceEpoch else { throw .badValue(field) }
      entry.timestampNanoseconds = time
    case .auditId:
      let text = try text(field, &buffer)
      entry.auditID = AuditID(ascii: bytes(of: text, buffer))
    case .sourceAddress: entry.sourceAddress = try address(field, &buffer)
    case .destinationAddress: entry.destinationAddress = try address(field, &buffer)
    case .sourcePort: entry.sourcePort = try integer(field)
    case .destinationPort: entry.destinationPort = try integer(field)
    case .responseStatus: entry.responseStatus = try integer(field)
    case .workerId: entry.workerID = scanner.bytes.extracting(try number(field)).decimalInteger
    case .bytesSent: entry.bytesSent = scanner.bytes.extracting(try number(field)).decimalInteger
    case .bytesReceived:
      entry.bytesReceived = scanner.bytes.extracting(try number(field)).decimalInteger
    case .latencyMs:
      entry.latencyMicroseconds = scanner.bytes.extracting(try number(field)).thousandths
    }
  }

  // MARK: Values

  @_lifetime(self: copy self)
  private mutating func text(
    _ field: AuditField, _ buffer: inout [UInt8]
  ) throws(AuditLineFault) -> AuditText {
    guard try scanner.peek() == UInt8(ascii: "\"") else { throw .badValue(field) }
    return try scanner.string(unescapingInto: &buffer)
  }

  @_lifetime(self: copy self)
  private mutating func address(
    _ field: AuditField, _ buffer: inout [UInt8]
  ) throws(AuditLineFault) -> IPAddress {
    let text = try text(field, &buffer)
    guard let address = IPAddress(ascii: bytes(of: text, buffer)) else { throw .badValue(field) }
    return address
  }

  @_lifetime(self: copy self)
  private mutating func number(_ field: AuditField) throws(AuditLineFault) -> Range<Int> {
    let first = try scanner.peek()
    guard first.isDigit || first == UInt8(ascii: "-") else { throw .badValue(field) }
    return try scanner.number()
  }

  @_lifetime(self: copy self)
  private mutating func integer(_ field: AuditField) throws(AuditLineFault) -> UInt16 {
    guard let value = scanner.bytes.extracting(try number(field)).decimalInteger,
      let short = UInt16(exactly: value)
    else {
      throw .badValue(field)
    }
    return short
  }

  private func word<Word: RawRepresentable>(
    _ text: AuditText, _ buffer: [UInt8], of words: [Word]
  ) -> Word? where Word.RawValue == String {
    let bytes = bytes(of: text, buffer)
    for word in words where bytes.isText(word.rawValue) { return word }
    return nil
  }

  @_lifetime(copy self, borrow buffer)
  private borrowing func bytes(of text: AuditText, _ buffer: borrowing [UInt8]) -> Span<UInt8> {
    if text.isUnescaped { return buffer.span.extracting(text.range) }
    return scanner.bytes.extracting(text.range)
  }
}
