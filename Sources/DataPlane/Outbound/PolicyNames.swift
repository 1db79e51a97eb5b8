/// The names of policies that one worker has met, by number: an open record has no room for a name,
/// and the policy may be gone before the record is written.
struct PolicyNames {
  /// Of the allowlist for all clients, which has no name.
  static let none: UInt16 = 0

  private var names: [String] = []
  private var numbers: [String: UInt16] = [:]

  /// Numbers are never given twice. Past 65,535 names a worker leaves new ones out.
  mutating func number(of name: String?) -> UInt16 {
    guard let name else { return Self.none }
    if let number = numbers[name] { return number }
    guard names.count < UInt16.max else { return Self.none }
    names.append(name)
    let number = UInt16(names.count)
    numbers[name] = number
    return number
  }

  subscript(number: UInt16) -> String? {
    number == Self.none ? nil : names[Int(number) - 1]
  }
}
