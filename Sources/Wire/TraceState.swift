/// Several `tracestate` values as the one that is sent on: the list members in their order, whole
/// ones left out where there are too many. No heap memory.
package struct TraceState: Sendable {
  /// Characters that are propagated.
  package static let maximumLength = 512
  /// Members that are propagated.
  package static let maximumMembers = 32
  /// Members longer than this go first.
  private static let longMember = 128

  private var members = InlineArray<32, ByteRange>(repeating: .empty)
  private var count = 0

  package init() {}

  package var isEmpty: Bool { count == 0 }

  /// Adds what one field line holds. False where it is invalid: then nothing of the state is sent
  /// on. The ranges that are kept point into `bytes`.
  package mutating func append(_ value: ByteRange, in bytes: Span<UInt8>) -> Bool {
    var rest: Range<Int>? = value.indices
    while let member = bytes.nextListMember(&rest) {
      guard !member.isEmpty else { continue }
      guard Self.isMember(bytes.extracting(member)) else { return false }
      guard count < Self.maximumMembers else { continue }
      members[count] = ByteRange(member.lowerBound, member.upperBound)
      count += 1
    }
    return true
  }

  /// Leaves members out until the rest fits.
  package mutating func shorten() {
    var length = max(0, count - 1)
    for index in 0..<count { length += members[index].count }
    while length > Self.maximumLength {
      var victim = count - 1
      var longest = Self.longMember
      for index in 0..<count where members[index].count > longest {
        victim = index
        longest = members[index].count
      }
      length -= members[victim].count + 1
      for index in victim..<count - 1 { members[index] = members[index + 1] }
      count -= 1
    }
  }

  /// Appends the members, at most `maximumLength` bytes once shortened.
  @_lifetime(output: copy output)
  package func write(_ bytes: Span<UInt8>, to output: inout OutputSpan<UInt8>) {
    for index in 0..<count {
      if index > 0 { output.append(UInt8(ascii: ",")) }
      output.append(contentsOf: bytes[members[index]])
    }
  }

  /// `key=value` of W3C Trace Context §3.3.1.3.
  private static func isMember(_ member: Span<UInt8>) -> Bool {
    var equals = 0
    while equals < member.count, member[equals] != UInt8(ascii: "=") {
      guard isKeyByte(member[equals]) else { return false }
      equals += 1
    }
    guard (1...256).contains(equals), equals < member.count else { return false }
    guard member[0].isDigit || member[0].isLetter else { return false }
    guard (1...256).contains(member.count - equals - 1) else { return false }
    for index in equals + 1..<member.count {
      let byte = member[index]
      guard (0x20...0x7e).contains(byte), byte != UInt8(ascii: "=") else { return false }
    }
    return true
  }

  private static func isKeyByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "/"),
      UInt8(ascii: "@"):
      true
    default: false
    }
  }
}
