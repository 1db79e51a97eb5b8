extension RuleList {
  /// One rule in 24 bytes. What has no fixed size stands in the list's arrays.
  struct Entry: Sendable {
    static let none = UInt32.max

    private var hostPlace: UInt32
    /// One range itself, or the place of the first among the list's.
    private var portPlace: UInt32 = 0
    private var portCount: UInt32 = 0
    /// Place among the list's method sets.
    var methodSet: UInt32 = 0
    /// Place among the list's limits.
    var limit = Entry.none
    private var hostLength: UInt8
    private var hostKind: Kind
    private var flags: UInt8 = 0

    private enum Kind: UInt8 { case exact, below, anyName, blockV4, blockV6 }
  }
}

extension RuleList.Entry {
  enum Host: Sendable {
    /// Place of the name in the list's texts, and its length.
    case exact(UInt32, UInt8)
    /// The same of a suffix, without a dot before it.
    case below(UInt32, UInt8)
    case anyName
    case blockV4(UInt32, UInt8)
    /// Place of the base among the list's, and the prefix length.
    case blockV6(UInt32, UInt8)
  }

  init(host: Host) {
    switch host {
    case .exact(let place, let length):
      (hostKind, hostPlace, hostLength) = (.exact, place, length)
    case .below(let place, let length):
      (hostKind, hostPlace, hostLength) = (.below, place, length)
    case .anyName: (hostKind, hostPlace, hostLength) = (.anyName, 0, 0)
    case .blockV4(let base, let length):
      (hostKind, hostPlace, hostLength) = (.blockV4, base, length)
    case .blockV6(let place, let length):
      (hostKind, hostPlace, hostLength) = (.blockV6, place, length)
    }
  }

  var host: Host {
    switch hostKind {
    case .exact: .exact(hostPlace, hostLength)
    case .below: .below(hostPlace, hostLength)
    case .anyName: .anyName
    case .blockV4: .blockV4(hostPlace, hostLength)
    case .blockV6: .blockV6(hostPlace, hostLength)
    }
  }

  /// Rules without ports admit any.
  var hasPorts: Bool { portCount > 0 }

  func admits(port: UInt16, in ports: [ClosedRange<UInt16>]) -> Bool {
    switch portCount {
    case 0: return true
    case 1: return range.contains(port)
    default:
      let ports = ports.span
      let start = Int(portPlace)
      for index in start..<start + Int(portCount) where ports[index].contains(port) { return true }
      return false
    }
  }

  func ports(in ports: [ClosedRange<UInt16>]) -> [ClosedRange<UInt16>] {
    switch portCount {
    case 0: []
    case 1: [range]
    default: Array(ports[Int(portPlace)..<Int(portPlace) + Int(portCount)])
    }
  }

  mutating func store(_ own: [ClosedRange<UInt16>], in ports: inout [ClosedRange<UInt16>]) {
    portCount = UInt32(own.count)
    if own.count == 1 {
      portPlace = UInt32(own[0].lowerBound) << 16 | UInt32(own[0].upperBound)
    } else {
      portPlace = UInt32(ports.count)
      ports += own
    }
  }

  /// The only range of ports.
  private var range: ClosedRange<UInt16> {
    UInt16(truncatingIfNeeded: portPlace >> 16)...UInt16(truncatingIfNeeded: portPlace)
  }

  var addsIdentityHeaders: Bool {
    get { flags & 1 != 0 }
    set { set(newValue ? 1 : 0, at: 0) }
  }

  var enforcementMode: EnforcementMode? {
    get {
      switch flags >> 1 & 3 {
      case 0: nil
      case 1: .enforce
      default: .monitor
      }
    }
    set { set(newValue.map { $0 == .enforce ? 1 : 2 } ?? 0, at: 1) }
  }

  var allowsEncryptedClientHello: Bool? {
    get {
      switch flags >> 3 & 3 {
      case 0: nil
      case 1: false
      default: true
      }
    }
    set { set(newValue.map { $0 ? 2 : 1 } ?? 0, at: 3) }
  }

  /// - Parameter value: 0...3; 0...1 in the lowest place.
  private mutating func set(_ value: UInt8, at shift: UInt8) {
    let mask: UInt8 = shift == 0 ? 1 : 3
    flags = flags & ~(mask << shift) | value << shift
  }
}
