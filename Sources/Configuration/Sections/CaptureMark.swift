extension Capture {
  /// The bits of the conntrack mark that say how a connection was judged: 1 to 7 times `value`.
  package struct Mark: Hashable, Sendable {
    /// A single bit of `mask`, such that 7 times it is in `mask` too.
    package var value: UInt32
    /// A single run of bits; all others belong to whoever uses them.
    package var mask: UInt32

    package init(value: UInt32 = 0x1000, mask: UInt32 = 0xf000) {
      self.value = value
      self.mask = mask
    }
  }
}

/// `capture.mark:`
enum CaptureMarkSection {
  static let value: Key<UInt32> = Key(
    "value", .bits, default: 0x1000, shown: "0x1000",
    "The lowest bit that is used: connections are marked with 1 to 7 times this. One bit of `mask`."
  )
  static let mask: Key<UInt32> = Key(
    "mask", .bits, default: 0xf000, shown: "0xf000",
    "The bits of the conntrack mark that are ours: one run of at least three. Never any of "
      + "Cilium's 0x0f00.")

  static let keys = [value.declaration, mask.declaration]

  static let type: ValueType<Capture.Mark> = .section(keys) { section in
    let mark = Capture.Mark(value: section.read(value), mask: section.read(mask))
    if let complaint = mark.complaintAboutMask {
      section.error(complaint, at: mask)
    } else if let complaint = mark.complaintAboutValue {
      // A default is never to blame.
      section.error(complaint, at: section.position(of: value) == nil ? mask : value)
    }
    return mark
  }
}

extension Capture.Mark {
  /// Cilium's own bits, by which it tells its proxy's packets.
  private static let cilium: UInt32 = 0x0f00

  fileprivate var complaintAboutMask: String? {
    let run = mask == 0 ? 0 : mask >> UInt32(mask.trailingZeroBitCount)
    if mask & Self.cilium != 0 {
      return "\(hexadecimal(mask)) overlaps with 0x0f00, which is Cilium's"
    }
    if mask.nonzeroBitCount < 3 || run & (run &+ 1) != 0 {
      return "must be one run of at least three bits, unlike \(hexadecimal(mask))"
    }
    return nil
  }

  fileprivate var complaintAboutValue: String? {
    guard value.nonzeroBitCount == 1, value & mask != 0 else {
      return "must be a single bit of the mask \(hexadecimal(mask)), unlike \(hexadecimal(value))"
    }
    let (highest, overflow) = value.multipliedReportingOverflow(by: 7)
    guard !overflow, highest & ~mask == 0 else {
      return "7 times \(hexadecimal(value)) does not fit into the mask \(hexadecimal(mask))"
    }
    return nil
  }
}

func hexadecimal(_ bits: UInt32) -> String { "0x" + String(bits, radix: 16) }
