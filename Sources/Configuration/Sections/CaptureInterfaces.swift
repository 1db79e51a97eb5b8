internal import Addressing

/// `capture.interfaces:`
enum CaptureInterfacesSection {
  static let exclude = Key(
    "exclude", .interfaces, default: [], shown: "none",
    "Interfaces whose traffic is not judged at all, in either direction.")
  static let treatAsOutbound = Key(
    "treatAsOutbound", .interfaces, default: [], shown: "none",
    "Interfaces of virtual machines or containers within the pod: what arrives there is captured "
      + "like the workload's own traffic. Sidecar mode only.")

  static let keys = [exclude.declaration, treatAsOutbound.declaration]

  static let type: ValueType<Capture.Interfaces> = .section(keys) { section in
    let interfaces = Capture.Interfaces(
      exclude: section.read(exclude).coalesced(),
      treatAsOutbound: section.read(treatAsOutbound).coalesced())
    if let (one, other) = interfaces.treatAsOutbound.firstOverlap(with: interfaces.exclude) {
      section.error(one.clash(with: other, in: "interfaces.exclude"), at: treatAsOutbound)
    }
    return interfaces
  }
}

extension [InterfacePattern] {
  /// The first two that can mean the same interface.
  func firstOverlap(with others: [InterfacePattern]) -> (InterfacePattern, InterfacePattern)? {
    for one in self {
      if let other = others.first(where: { $0.covers(one) || one.covers($0) }) {
        return (one, other)
      }
    }
    return nil
  }
}

extension InterfacePattern {
  func clash(with other: InterfacePattern, in key: String) -> String {
    self == other
      ? "\(self) is listed in \(key) too" : "\(self) overlaps with \(other) in \(key)"
  }
}
