/// The names of the fields, laid out to be compared with a key.
struct AuditFieldNames: Sendable {
  static let all = AuditFieldNames()

  /// Made once: `allCases` makes an array at each call.
  let fields = AuditField.allCases
  private let bytes: [UInt8]
  /// Where each name begins, and where the last one ends.
  private let bounds: [Int]

  private init() {
    var bytes: [UInt8] = []
    var bounds = [0]
    for field in AuditField.allCases {
      bytes += Array(field.rawValue.utf8)
      bounds.append(bytes.count)
    }
    (self.bytes, self.bounds) = (bytes, bounds)
  }

  /// The place of the field of this name in `AuditField.allCases`; nil where no field has it.
  ///
  /// `expected`, the place behind the last field's, is tried first: our own records have their
  /// fields in order, with few left out.
  func index(of name: Span<UInt8>, expected: Int) -> Int? {
    let bytes = bytes.span
    let bounds = bounds.span
    let count = bounds.count - 1
    var index = expected
    for _ in 0..<count {
      if index >= count { index = 0 }
      let start = bounds[index]
      if bounds[index + 1] - start == name.count {
        var offset = 0
        while offset < name.count, name[offset] == bytes[start + offset] { offset += 1 }
        if offset == name.count { return index }
      }
      index += 1
    }
    return nil
  }
}

/// Which fields a record had, by their places in `AuditField.allCases`.
struct AuditFieldSet: Equatable {
  private var bits: UInt32 = 0

  /// Those without which a line says nothing that could be judged.
  static let required: AuditFieldSet = {
    var set = AuditFieldSet()
    for (index, field) in AuditField.allCases.enumerated() where AuditField.required.contains(field)
    {
      set.insert(index)
    }
    return set
  }()

  func contains(_ index: Int) -> Bool { bits >> UInt32(index) & 1 != 0 }
  mutating func insert(_ index: Int) { bits |= 1 << UInt32(index) }

  /// The first of `other` that isn't here.
  func firstMissing(of other: AuditFieldSet) -> AuditField? {
    let missing = other.bits & ~bits
    return missing == 0 ? nil : AuditFieldNames.all.fields[missing.trailingZeroBitCount]
  }
}
