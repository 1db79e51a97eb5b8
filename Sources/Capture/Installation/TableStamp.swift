internal import Kernel

/// A note that `apply` leaves on our table: that it is ours, and since when it is in force.
///
/// The kernel keeps it (since 5.10) and doesn't read it; nft passes over notes that it doesn't know,
/// and prints nothing of it.
package struct TableStamp: Hashable, Sendable {
  /// Nanoseconds since the Unix epoch.
  package var appliedAt: UInt64

  package init(appliedAt: UInt64) { self.appliedAt = appliedAt }

  package static func now() -> TableStamp { TableStamp(appliedAt: Instant.wallClock()) }

  // Notes are a type, a length and a value. nft's own types of a table's notes begin at 0.
  private static let type: UInt8 = 0xd0
  private static let signature = Array("portarium".utf8)

  package var bytes: [UInt8] {
    let value = Self.signature + (0..<8).map { UInt8(truncatingIfNeeded: appliedAt >> ($0 * 8)) }
    return [Self.type, UInt8(value.count)] + value
  }

  /// Nil where there is no such note among them.
  package init?(_ notes: [UInt8]) {
    var rest = notes[...]
    while rest.count >= 2 {
      let type = rest[rest.startIndex]
      let value = rest.dropFirst(2).prefix(Int(rest[rest.startIndex + 1]))
      rest = rest.dropFirst(2 + value.count)
      guard type == Self.type, value.count == Self.signature.count + 8,
        value.starts(with: Self.signature)
      else { continue }
      appliedAt = value.suffix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
      return
    }
    return nil
  }

  /// Whether portarium-init made the table. Kernels before 5.10 forget the note; there the chains
  /// must tell.
  package static func isOurs(_ table: TableSummary) -> Bool {
    if TableStamp(table.userData) != nil { return true }
    let expected: Set<String> =
      switch TableIdentity(table.family == .netdev ? .netdev : .inet, table.name) {
      case FrameGuard.markTable: [FrameGuard.markChain]
      case FrameGuard.doorTable: [FrameGuard.doorChain]
      default: [ChainName.refuse, ChainName.input, ChainName.forward]
      }
    let names = Set(table.chains.map(\.name))
    return table.userData.isEmpty && names.isSuperset(of: expected)
  }
}
