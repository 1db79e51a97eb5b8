/// The meaning of a request head, put together line by line.
struct RequestFields: Sendable {
  var head = RequestHead()
  /// The digit before the version's dot.
  var majorVersion: UInt8 = 0

  private var hasTargetAuthority = false
  private var hasContentLength = false
  private var hasTransferEncoding = false
  private var connection = ConnectionOptions()
  private var hasUpgrade = false
  private var cutsUpgrade = false

  mutating func readTarget(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(RequestError) {
    let target = try RequestTarget(bytes, range, method: bytes[head.method])
    head.target = ByteRange(range.lowerBound, range.upperBound)
    head.targetForm = target.form
    head.targetIsHTTPS = target.isHTTPS
    head.path = target.path
    if let authority = target.authority {
      hasTargetAuthority = true
      head.host = authority.host
      head.hostIsBracketed = authority.isBracketed
      head.port = authority.port
    }
  }

  /// Most fields mean nothing to us: length and first byte tell those apart.
  mutating func read(_ field: FieldSection.Field, _ bytes: Span<UInt8>) throws(RequestError) {
    let name = bytes.extracting(field.name)
    switch (name.count, name[0] | 0x20) {
    case (4, UInt8(ascii: "h")) where name.matches("host"):
      try readHost(bytes, field.value)
    case (6, UInt8(ascii: "e")) where name.matches("expect"):
      if bytes.hasListMember("100-continue", field.value) { head.expectsContinue = true }
    case (7, UInt8(ascii: "u")) where name.matches("upgrade"):
      hasUpgrade = true
      if !UpgradeCuts.offersOnlyWebSocket(bytes, field.value) { cutsUpgrade = true }
    case (10, UInt8(ascii: "c")) where name.matches("connection"):
      connection.read(bytes, field.value)
      guard !connection.dropsField else { throw .connectionDropsField }
    case (10, UInt8(ascii: "t")) where name.matches("tracestate"):
      head.tracestateCount += 1
      try cut(field, .tracestate)
    case (11, UInt8(ascii: "t")) where name.matches("traceparent"):
      head.traceparentCount += 1
      try cut(field, .traceparent)
    case (14, UInt8(ascii: "c")) where name.matches("content-length"):
      try readContentLength(bytes, field.value)
    case (14, UInt8(ascii: "h")) where name.matches("http2-settings"):
      cutsUpgrade = true
    case (16, UInt8(ascii: "p")) where name.matches("proxy-connection"):
      try cut(field, .proxy)
    case (17, UInt8(ascii: "t")) where name.matches("transfer-encoding"):
      try readTransferEncoding(bytes, field.value)
    case (19, UInt8(ascii: "p")) where name.matches("proxy-authorization"):
      try cut(field, .proxy)
    case (12..., UInt8(ascii: "x")) where name.isReservedFieldName:
      try cut(field, .reserved)
    case (23, UInt8(ascii: "x")) where name.isForwardedClientCertificate:
      try cut(field, .forwardedClientCertificate)
    default: break
    }
  }

  private mutating func cut(_ field: FieldSection.Field, _ reason: HeadCuts.Reason)
    throws(RequestError)
  {
    let line = ByteRange(field.line.lowerBound, field.line.upperBound)
    guard head.cuts.append(line, reason) else { throw .tooManyFields }
  }

  /// RFC 9112 §3.2. A Host that differs from the target's authority would have one reader take the
  /// one and the next reader the other.
  private mutating func readHost(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(RequestError) {
    guard !head.hasHost else { throw .repeatedHost }
    head.hasHost = true
    let authority = try Authority(bytes, value)
    guard hasTargetAuthority else {
      head.host = authority.host
      head.hostIsBracketed = authority.isBracketed
      head.port = authority.port
      return
    }
    let same =
      authority.isBracketed == head.hostIsBracketed
      && bytes[authority.host].equalsIgnoringCase(bytes[head.host])
    guard same else { throw .hostDiffersFromTarget }
    if head.targetForm == .authority {
      // Many clients leave the port out of CONNECT's Host.
      guard authority.port == nil || authority.port == head.port else {
        throw .hostDiffersFromTarget
      }
    } else {
      let implied: UInt16 = head.targetIsHTTPS ? 443 : 80
      guard authority.port ?? implied == head.port ?? implied else { throw .hostDiffersFromTarget }
    }
  }

  private mutating func readContentLength(_ bytes: Span<UInt8>, _ value: Range<Int>)
    throws(RequestError)
  {
    guard !hasContentLength else { throw .repeatedContentLength }
    guard !hasTransferEncoding else { throw .contentLengthWithTransferEncoding }
    hasContentLength = true
    switch bytes.decimal(value) {
    case .value(let length): head.framing = .length(length)
    case .tooLarge: throw .contentLengthTooLarge
    case .malformed: throw .badContentLength
    }
  }

  private mutating func readTransferEncoding(_ bytes: Span<UInt8>, _ value: Range<Int>)
    throws(RequestError)
  {
    guard !hasTransferEncoding else { throw .repeatedTransferEncoding }
    guard !hasContentLength else { throw .contentLengthWithTransferEncoding }
    guard head.version == .http11 else { throw .transferEncodingInHTTP10 }
    hasTransferEncoding = true
    guard bytes.extracting(value).matches("chunked") else { throw .unknownTransferCoding }
    head.framing = .chunked
  }

  /// `fieldsStart` is the first field line's first byte, `end` the first behind the head.
  mutating func finish(
    _ bytes: Span<UInt8>, fieldsStart: Int, end: Int, limits: HeadLimits
  ) throws(RequestError) {
    guard head.hasHost || head.version == .http10 else { throw .missingHost }
    if head.targetForm == .authority {
      guard head.framing == .none || head.framing == .length(0) else { throw .bodyOnConnect }
      head.framing = .none
    }
    head.keepAlive = connection.keepsAlive(head.version)
    head.dropsForwardedClientCertificate = connection.dropsForwardedClientCertificate
    // Upgrade means nothing in HTTP/1.0 (RFC 9110 §7.8).
    head.isUpgrade =
      hasUpgrade && connection.upgrade && !cutsUpgrade && head.version == .http11
    head.length = end
    head.fieldsEnd = end - 2
    guard cutsUpgrade else { return }
    let upgrade = UpgradeCuts(fieldsStart: fieldsStart, limits: limits)
    guard upgrade.merge(into: &head.cuts, bytes) else { throw .tooManyFields }
  }
}

extension Span where Element == UInt8 {
  fileprivate func equalsIgnoringCase(_ other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    for index in 0..<count where self[index] | 0x20 != other[index] | 0x20 {
      // `_` and DEL are the only pair of host characters this could confuse; DEL is none.
      return false
    }
    return true
  }
}
