/// Finds what must go from a head that asks for another protocol than WebSocket: the Upgrade and
/// HTTP2-Settings fields, and their names in Connection. Behind HTTP/2 in clear text (RFC 7540 §3.2)
/// or a protocol that nobody knows, requests could go on unjudged. Rare, so a second walk over the
/// head costs nobody anything.
struct UpgradeCuts {
  var fieldsStart: Int
  var limits: HeadLimits

  /// An Upgrade field offers WebSocket (RFC 6455 §4.1) and nothing else.
  static func offersOnlyWebSocket(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Bool {
    bytes.extracting(value).matches("websocket")
  }

  /// Makes `cuts` anew with ours among them. False where there are too many.
  func merge(into cuts: inout HeadCuts, _ bytes: Span<UInt8>) -> Bool {
    let others = cuts
    var next = 0
    cuts.removeAll()
    var fields = FieldSection(start: fieldsStart, limits: limits)
    while case .field(let field) = fields.next(bytes) {
      let line = ByteRange(field.line.lowerBound, field.line.upperBound)
      let name = bytes.extracting(field.name)
      if next < others.count, others[next].range == line {
        guard cuts.append(line, others[next].reason) else { return false }
        next += 1
      } else if name.matches("upgrade") || name.matches("http2-settings") {
        guard cuts.append(line, .upgrade) else { return false }
      } else if name.matches("connection") {
        guard cutOptions(of: field, from: &cuts, bytes) else { return false }
      }
    }
    return true
  }

  /// Leaves the other options, each with one comma between it and the next.
  private func cutOptions(
    of field: FieldSection.Field, from cuts: inout HeadCuts, _ bytes: Span<UInt8>
  ) -> Bool {
    var rest: Range<Int>? = field.value
    var cutStart: Int?
    var keptEnd: Int?
    while let member = bytes.nextListMember(&rest) {
      let option = bytes.extracting(member)
      if option.isEmpty || option.matches("upgrade") || option.matches("http2-settings") {
        cutStart = cutStart ?? member.lowerBound
        continue
      }
      if let start = cutStart {
        guard cuts.append(ByteRange(start, member.lowerBound), .upgrade) else { return false }
        cutStart = nil
      }
      keptEnd = member.upperBound
    }
    guard let keptEnd else {
      return cuts.append(ByteRange(field.line.lowerBound, field.line.upperBound), .upgrade)
    }
    guard cutStart != nil else { return true }
    return cuts.append(ByteRange(keptEnd, field.value.upperBound), .upgrade)
  }
}
