import Addressing

/// In which order the addresses of a name are tried (RFC 8305 §4): both families in turn, beginning
/// with the one that the system put first, so that a family that leads nowhere costs one delay.
struct DialPlan {
  /// Nanoseconds that an attempt has for itself before the next address is tried beside it (RFC
  /// 8305 §8: Connection Attempt Delay).
  static let attemptDelay: UInt64 = 250_000_000
  /// Connections that one request may try to open.
  static let attemptLimit = 8

  private let addresses: [IPAddress]
  private var position = 0
  private(set) var attempts = 0

  init(_ resolved: [IPAddress] = []) {
    var seen: Set<IPAddress> = []
    let distinct = resolved.map(\.canonical).filter { seen.insert($0).inserted }
    let first = distinct.filter { $0.isV6 == distinct.first?.isV6 }
    let second = distinct.filter { $0.isV6 != distinct.first?.isV6 }
    var order: [IPAddress] = []
    for index in 0..<max(first.count, second.count) {
      if index < first.count { order.append(first[index]) }
      if index < second.count { order.append(second[index]) }
    }
    addresses = order
  }

  var hasMore: Bool { position < addresses.count && attempts < Self.attemptLimit }

  /// The next address, which may still be refused.
  mutating func next() -> IPAddress? {
    guard hasMore else { return nil }
    position += 1
    return addresses[position - 1]
  }

  /// The address was dialled.
  mutating func noteAttempt() { attempts += 1 }

  func contains(_ address: IPAddress) -> Bool { addresses.contains(address) }
}

extension IPAddress {
  fileprivate var isV6: Bool {
    if case .v6 = self { true } else { false }
  }
}
