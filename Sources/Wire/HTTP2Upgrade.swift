/// Finds what must go from a head that asks for HTTP/2 in clear text (RFC 7540 §3.2): the Upgrade
/// and HTTP2-Settings fields, and their names in Connection. Rare, so a second walk over the head
/// costs nobody anything.
struct HTTP2Upgrade {
  var fieldsStart: Int
  var limits: HeadLimits

  /// An Upgrade field offers HTTP/2, whatever else it offers: `h2c`, its drafts, or `HTTP/2.0`.
  static func isOffered(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Bool {
    var rest: Range<Int>? = value
    while let member = bytes.nextListMember(&rest) {
      let name = bytes.extracting(member)
      if name.starts(with: "h2") || name.starts(with: "http") { return true }
    }
    return false
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
