internal import Addressing
internal import Configuration

/// What happens to frames that no `inet` chain sees, once a plan is in force.
package enum RawFrames: Hashable, Sendable {
  /// They are dropped on these devices, which are all that there were but `lo` and those that the
  /// document excludes.
  case blocked(devices: [String])
  case ignored(Reason)

  package enum Reason: Hashable, Sendable {
    /// The document says so.
    case wanted
    /// A gateway's own traffic is nobody's business.
    case gateway
    case kernelLacks(feature: String, option: String)
    case obstacle(FrameGuardObstacle)
  }
}

/// What the devices of a namespace may be that doors can't be made for.
package enum FrameGuardObstacle: Error, Hashable, Sendable {
  /// A frame passes two doors, and the first one takes its bits.
  case stackedDevice(String)
  /// The kernel takes 256 for a chain.
  case tooManyDevices(Int)
  /// There is nothing but `lo`.
  case noDevice
}

extension RawFrames: CustomStringConvertible {
  /// A clause of a log line.
  package var description: String {
    switch self {
    case .blocked(let devices): "raw frames are blocked on \(devices.joined(separator: ", "))"
    case .ignored(let reason): "raw frames are not blocked: \(reason)"
    }
  }
}

extension RawFrames.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .wanted: "capture.rawFrames is ignore"
    case .gateway: "the mode is gateway"
    case .kernelLacks(let feature, let option): "the kernel lacks \(feature) (\(option))"
    case .obstacle(let obstacle): obstacle.description
    }
  }
}

extension FrameGuardObstacle: CustomStringConvertible {
  package var description: String {
    switch self {
    case .stackedDevice(let name):
      "\(name) and another device of this namespace stand on each other"
    case .tooManyDevices(let count): "there are \(count) devices, and a chain has room for 256"
    case .noDevice: "there is no device but lo"
    }
  }
}

extension Transaction {
  /// Puts the plan's ruleset in force, and with it, or without, what guards frames: in one
  /// transaction, so that neither is ever there with an older other.
  ///
  /// - Parameters:
  ///   - plan: completed.
  ///   - interfaces: those of this namespace.
  ///   - note: what the kernel keeps beside each table.
  static func apply(
    _ plan: CapturePlan, interfaces: [NetworkInterface], note: [UInt8]
  ) throws(TransactionError) -> RawFrames {
    let reason: RawFrames.Reason
    switch plan.guardingFrames(of: interfaces) {
    case .success(let frameGuard):
      do throws(TransactionError) {
        try replace(with: [Ruleset(plan)] + frameGuard.rulesets, note: note)
        return .blocked(devices: frameGuard.devices)
      } catch {
        guard case .unsupported(let feature, let option) = error, error.isAboutFrames,
          plan.capture.rawFrames == nil
        else { throw error }
        reason = .kernelLacks(feature: feature, option: option)
      }
    case .failure(.obstacle(let obstacle))
    where plan.capture.rawFrames == .block && obstacle != .noDevice:
      throw .framesNotGuarded(obstacle)
    case .failure(let why): reason = why
    }
    try replace(
      with: [Ruleset(plan)], removing: [FrameGuard.markTable, FrameGuard.doorTable], note: note)
    return .ignored(reason)
  }

  /// Takes all that is ours away. False where there was nothing.
  package static func removeAll() throws(TransactionError) -> Bool {
    let present = [Ruleset.table, FrameGuard.markTable, FrameGuard.doorTable].filter(exists)
    guard !present.isEmpty else { return false }
    try commit(present.map { TableChange($0, [.addTable(), .deleteTable]) })
    return true
  }
}

extension RawFrames.Reason: Error {}

extension CapturePlan {
  fileprivate func guardingFrames(
    of interfaces: [NetworkInterface]
  ) -> Result<FrameGuard, RawFrames.Reason> {
    if capture.gateway != nil { return .failure(.gateway) }
    if capture.rawFrames == .ignore { return .failure(.wanted) }
    let excluded = capture.interfaces.exclude
    let judged = interfaces.filter { interface in
      !interface.isLoopback && !excluded.contains { $0.matches(interface.name) }
    }
    if judged.isEmpty { return .failure(.obstacle(.noDevice)) }
    // Also an excluded one: what it sends would meet the door of the one below without bits.
    if let stacked = interfaces.first(where: \.isStacked) {
      return .failure(.obstacle(.stackedDevice(stacked.name)))
    }
    if judged.count > 256 { return .failure(.obstacle(.tooManyDevices(judged.count))) }
    return .success(
      .random(devices: judged.map(\.name), unjudged: excluded.map { .leaves(on: $0) }))
  }
}

extension TransactionError {
  /// Whether a kernel refused it that has tables of family `inet`.
  fileprivate var isAboutFrames: Bool {
    guard case .unsupported(_, let option) = self else { return false }
    return option == "CONFIG_NF_TABLES_NETDEV" || option == "CONFIG_NETFILTER_EGRESS"
  }
}
