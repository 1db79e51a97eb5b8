/// What the field lines of a request add up to.
struct RequestFields: Sendable {
  var head = RequestHead()
  private var hostCount = 0
  private var host: Authority?
  private var contentLength: UInt64?
  private var isChunked = false
  private var connection = ConnectionOptions()
  private var hasUpgrade = false
  private var upgradesToHTTP2 = false

  mutating func take(_ field: FieldSection.Field, _ bytes: Span<UInt8>) throws(RequestError) {
    let name = bytes.extracting(field.name)
    // The first byte and the length rule out almost every field without a comparison.
    switch (name[0] | 0x20, name.count) {
    case (UInt8(ascii: "h"), 4) where name.matches("host"):
      hostCount += 1
      guard hostCount == 1 else { throw .repeatedHost }
      host = try Authority(bytes, field.value)
    case (UInt8(ascii: "c"), 10) where name.matches("connection"):
      try takeConnection(field, bytes)
    case (UInt8(ascii: "c"), 14) where name.matches("content-length"):
      try takeContentLength(field, bytes)
    case (UInt8(ascii: "t"), 17) where name.matches("transfer-encoding"):
      guard !isChunked else { throw .repeatedTransferEncoding }
      guard bytes.extracting(field.value).matches("chunked") else { throw .unknownTransferCoding }
      isChunked = true
    case (UInt8(ascii: "e"), 6) where name.matches("expect"):
      if bytes.extracting(field.value).matches("100-continue") { head.expectsContinue = true }
    case (UInt8(ascii: "u"), 7) where name.matches("upgrade"):
      takeUpgrade(field, bytes)
      try cut(field.line, .upgrade)
    case (UInt8(ascii: "h"), 14) where name.matches("http2-settings"):
      try cut(field.line, .upgrade)
    case (UInt8(ascii: "t"), 11) where name.matches("traceparent"):
      head.traceparentCount += 1
      try cut(field.line, .traceparent)
    case (UInt8(ascii: "t"), 10) where name.matches("tracestate"):
      head.tracestateCount += 1
      try cut(field.line, .tracestate)
    case (UInt8(ascii: "x"), 12...) where name.isReserved:
      try cut(field.line, .reserved)
    default:
      break
    }
  }

  /// Checks what only all fields together show.
  mutating func finish(_ bytes: Span<UInt8>) throws(RequestError) {
    try finishHost(bytes)
    if isChunked {
      guard contentLength == nil else { throw .contentLengthWithTransferEncoding }
      guard head.version == .http11 else { throw .transferEncodingInHTTP10 }
      head.framing = .chunked
    } else if let contentLength {
      head.framing = .length(contentLength)
    }
    if head.targetForm == .authority, head.framing != .none { throw .bodyOnConnect }
    head.keepAlive =
      !connection.closes && (head.version == .http11 || connection.keepsAlive)
    if upgradesToHTTP2 {
      head.isUpgrade = false
    } else {
      head.isUpgrade = hasUpgrade && connection.upgrades
      head.cuts.remove(.upgrade)
    }
  }

  /// RFC 9112 §3.2, §3.2.2: one Host, the same as the target's authority.
  private mutating func finishHost(_ bytes: Span<UInt8>) throws(RequestError) {
    guard let host else {
      if head.version == .http11 { throw .missingHost }
      return
    }
    guard head.targetForm == .absolute || head.targetForm == .authority else {
      head.host = host.host
      head.hostIsBracketed = host.isBracketed
      head.port = host.port
      return
    }
    let defaultPort: UInt16 = head.targetIsHTTPS ? 443 : 80
    guard bytes[host.host].equalsIgnoringCase(bytes[head.host]),
      host.isBracketed == head.hostIsBracketed,
      (host.port ?? defaultPort) == (head.port ?? defaultPort) || head.targetForm == .authority
    else { throw .hostDiffersFromTarget }
  }

  private mutating func takeContentLength(
    _ field: FieldSection.Field, _ bytes: Span<UInt8>
  ) throws(RequestError) {
    guard contentLength == nil else { throw .repeatedContentLength }
    switch bytes.decimal(field.value) {
    case .value(let value): contentLength = value
    case .tooLarge: throw .contentLengthTooLarge
    case .malformed: throw .badContentLength
    }
  }

  private mutating func takeConnection(
    _ field: FieldSection.Field, _ bytes: Span<UInt8>
  ) throws(RequestError) {
    var rest: Range<Int>? = field.value
    var hasOthers = false
    var cutsMembers = false
    while let member = bytes.nextListMember(&rest) {
      let option = bytes.extracting(member)
      switch connection.take(option) {
      case .upgrade: cutsMembers = true
      case .dropsFraming: throw .connectionDropsFraming
      case .other: hasOthers = hasOthers || !member.isEmpty
      }
    }
    guard cutsMembers else { return }
    if !hasOthers { return try cut(field.line, .upgrade) }
    rest = field.value
    while let member = bytes.nextListMember(&rest) {
      var options = ConnectionOptions()
      if case .upgrade = options.take(bytes.extracting(member)) {
        // An empty member that stays is allowed (RFC 9110 §5.6.1.2).
        try cut(member, .upgrade)
      }
    }
  }

  private mutating func takeUpgrade(_ field: FieldSection.Field, _ bytes: Span<UInt8>) {
    hasUpgrade = true
    var rest: Range<Int>? = field.value
    while let member = bytes.nextListMember(&rest) {
      let token = bytes.extracting(member)
      if token.matches("h2c") || token.matches("h2") { upgradesToHTTP2 = true }
    }
  }

  private mutating func cut(
    _ range: Range<Int>, _ reason: HeadCuts.Reason
  ) throws(RequestError) {
    guard head.cuts.append(ByteRange(range.lowerBound, range.upperBound), reason) else {
      throw .tooManyFields
    }
  }
}

/// The members of Connection that count (RFC 9110 §7.6.1).
struct ConnectionOptions {
  enum Kind { case upgrade, dropsFraming, other }

  private(set) var closes = false
  private(set) var keepsAlive = false
  private(set) var upgrades = false

  mutating func take(_ option: Span<UInt8>) -> Kind {
    switch option.count {
    case 5 where option.matches("close"): closes = true
    case 10 where option.matches("keep-alive"): keepsAlive = true
    case 7 where option.matches("upgrade"):
      upgrades = true
      return .upgrade
    case 14 where option.matches("http2-settings"): return .upgrade
    case 4 where option.matches("host"), 14 where option.matches("content-length"),
      17 where option.matches("transfer-encoding"):
      return .dropsFraming
    default: break
    }
    return .other
  }
}

extension HeadCuts {
  /// Takes back the cuts made for `reason`.
  mutating func remove(_ reason: Reason) {
    let all = self
    removeAll()
    for index in 0..<all.count where all[index].reason != reason {
      _ = append(all[index].range, all[index].reason)
    }
  }
}

extension Span where Element == UInt8 {
  /// A field name that is ours, `_` and `-` alike: servers fold one into the other.
  fileprivate var isReserved: Bool {
    let prefix = "x-portarium-".utf8.span
    guard count >= prefix.count else { return false }
    for index in 0..<prefix.count {
      let byte = self[index] == UInt8(ascii: "_") ? UInt8(ascii: "-") : self[index] | 0x20
      guard byte == prefix[index] else { return false }
    }
    return true
  }

  fileprivate func equalsIgnoringCase(_ other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    for index in 0..<count {
      let (a, b) = (self[index], other[index])
      guard a == b || (a.isLetter && a | 0x20 == b | 0x20) else { return false }
    }
    return true
  }
}
