package import Addressing

/// What portarium-init needs to know of the pod beyond the ports.
package struct Capture: Hashable, Sendable {
  /// The uids whose traffic is not captured: the proxy's own. At least one, each once, never 0.
  package var proxyUIDs: [UInt32]
  /// The DNS servers that the workload may ask directly; nil: those of `/etc/resolv.conf`.
  package var resolvers: [IPAddress]?

  package init(proxyUIDs: [UInt32], resolvers: [IPAddress]?) {
    self.proxyUIDs = proxyUIDs
    self.resolvers = resolvers
  }
}

/// `capture:`
enum CaptureSection {
  static let proxyUID = Key(
    "proxyUID", .proxyUIDs, default: [1337], shown: "1337",
    "The uid, or the uids, that portarium-sidecar runs as: their connections are not captured. "
      + "Never 0, and never a uid that the workload can become.")
  static let resolvers = Key(
    "resolvers", .list(of: .resolver), otherwise: "those of `/etc/resolv.conf`",
    "DNS servers that the workload may ask directly, over UDP and TCP port 53.")

  static let keys = [proxyUID.declaration, resolvers.declaration]

  static let type: ValueType<Capture> = .section(keys) { section in
    Capture(proxyUIDs: section.read(proxyUID), resolvers: section.read(resolvers))
  }
}

extension ValueType where Value == UInt32 {
  /// The highest uid is no user: the kernel uses it for "unchanged".
  fileprivate static var uid: ValueType {
    ValueType(shape: .integer(1...Int(UInt32.max - 1))) { node, findings in
      if case .scalar(let scalar) = node.content, scalar.isPlain, scalar.text == "0" {
        findings.error(
          "root (0) can't be the proxy's uid: everything that runs as root would bypass the proxy",
          at: node.position)
        return nil
      }
      return ValueType.integer(1...UInt32.max - 1).read(node, findings)
    }
  }
}

extension ValueType where Value == [UInt32] {
  fileprivate static var proxyUIDs: ValueType {
    let several = ValueType.oneOrList(of: .uid)
    return ValueType(shape: several.shape) { node, findings in
      guard let uids = several.read(node, findings) else { return nil }
      if case .sequence(let nodes) = node.content, nodes.isEmpty {
        findings.error("names no uid: the proxy's own traffic would be captured", at: node.position)
        return nil
      }
      var unique: [UInt32] = []
      for uid in uids where !unique.contains(uid) { unique.append(uid) }
      return unique
    }
  }
}

extension ValueType where Value == IPAddress {
  fileprivate static var resolver: ValueType {
    let phrase = "an IPv4 or IPv6 address"
    return ValueType(shape: .text(phrase)) { node, findings in
      guard let text = node.text(phrase, findings) else { return nil }
      guard let address = IPAddress(text)?.canonical else {
        findings.error("must be \(phrase), not \"\(excerpt(text))\"", at: node.position)
        return nil
      }
      guard !address.isNobody else {
        findings.error("\(address) is the address of no server", at: node.position)
        return nil
      }
      return address
    }
  }
}

extension IPAddress {
  /// Unspecified, multicast or broadcast.
  fileprivate var isNobody: Bool {
    switch self {
    case .v4(let address): address.rawValue == 0 || address.rawValue >= 0xe000_0000
    case .v6(let address): address.rawValue == 0 || address.rawValue >> 120 == 0xff
    }
  }
}
