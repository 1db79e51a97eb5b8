package import Addressing

/// Who may reach the workload, compiled for deciding. What no rule admits is denied.
///
/// Immutable. Made by the control thread, read by every worker at once; deciding neither allocates
/// nor takes a lock. It always enforces: monitor mode is about what leaves.
package final class InboundPolicy: Sendable {
  package let mode: InboundMode
  private let rules: [InboundRule]
  private let opaquePorts: PortSet
  private let plaintextPorts: PortSet
  private let probes: [InboundProbe]

  /// - Parameters:
  ///   - opaquePorts: relayed without a look at what they carry.
  ///   - plaintextPorts: taken without TLS, from anyone.
  ///   - probes: taken without TLS where they are exactly these requests.
  package init(
    mode: InboundMode, rules: [InboundRule], opaquePorts: [ClosedRange<UInt16>] = [],
    plaintextPorts: [ClosedRange<UInt16>] = [], probes: [InboundProbe] = []
  ) {
    self.mode = mode
    self.rules = rules
    self.opaquePorts = PortSet(opaquePorts)
    self.plaintextPorts = PortSet(plaintextPorts)
    self.probes = probes
  }

  /// What a connection begins with.
  package enum Opening: Sendable {
    /// A TLS handshake, or it is denied `no-peer-certificate`.
    case tls
    /// What its first bytes say: a TLS hello is answered, anything else is judged as plain text.
    case either
    /// Plain text; TLS of the workload's own needs an opaque port.
    case plaintext
  }

  package func opening(of destination: OriginalDestination) -> Opening {
    let port = destination.endpoint.port
    if plaintextPorts.contains(port) { return .plaintext }
    if mode == .permissive || probes.contains(where: { $0.port == port }) { return .either }
    return .tls
  }

  /// Whether what the connection carries is relayed unseen; then its method is never visible.
  package func isOpaque(_ destination: OriginalDestination) -> Bool {
    opaquePorts.contains(destination.endpoint.port)
  }

  /// Judges a connection, or one HTTP request on it: the first rule whose peer, port and method all
  /// match admits it. Its permit has no rule where the port is declared to be plain text.
  ///
  /// - Parameters:
  ///   - peer: whose certificate was verified on this very connection; nil: it is plain text.
  ///   - destination: the workload's address and port that the peer asked for.
  ///   - method: nil where it can't be seen: not HTTP/1, or an opaque port.
  package func decide(
    peer: SPIFFEID?, destination: OriginalDestination, method: HTTPMethod?
  ) -> Verdict {
    guard mode != .off else { return .deny(Denial(.policyUnavailable)) }
    let port = destination.endpoint.port
    var rule: Int?
    if peer != nil || !plaintextPorts.contains(port) {
      let search = search(peer, port, method)
      rule = search.match
      guard rule != nil else { return .deny(denial(of: peer, method, search)) }
    }
    // What a tunnel would carry can't be judged, and nobody asks a workload for one.
    guard method?.isConnect != true else {
      let miss = rule.map { NearestMiss(ruleIndex: $0, missed: .method) }
      return .deny(Denial(.methodNotAllowed, nearestMiss: miss))
    }
    return .allow(Permit(destination: destination, ruleIndex: rule), wouldDeny: nil)
  }

  /// Why the connection is denied whatever it will carry; nil where some request on it could pass.
  package func denialOfEverything(
    peer: SPIFFEID?, destination: OriginalDestination
  ) -> Denial? {
    guard mode != .off else { return Denial(.policyUnavailable) }
    let port = destination.endpoint.port
    if peer == nil, plaintextPorts.contains(port) || probes.contains(where: { $0.port == port }) {
      return nil
    }
    let search = search(peer, port, nil)
    guard search.match == nil, search.portMatch == nil else { return nil }
    return denial(of: peer, nil, search)
  }

  /// Admits a declared probe that came in plain text; nil: it is none, and judged as anything else.
  ///
  /// - Parameter target: the request target, byte for byte as it was sent.
  package func decideProbe(
    destination: OriginalDestination, method: HTTPMethod, target: Span<UInt8>
  ) -> Verdict? {
    guard mode != .off, method.isProbing else { return nil }
    for probe in probes where probe.port == destination.endpoint.port {
      guard target.matches(probe.path.utf8) else { continue }
      return .allow(Permit(destination: destination, ruleIndex: nil), wouldDeny: nil)
    }
    return nil
  }

  package var ruleCount: Int { rules.count }

  /// - Parameter index: as a permit or a nearest miss of this policy has it.
  package func rule(_ index: Int) -> InboundRule { rules[index] }
}

extension InboundPolicy {
  /// Of each kind the first rule.
  private struct Search {
    /// Peer, port and method match.
    var match: Int?
    /// Peer and port match, the method doesn't.
    var portMatch: Int?
    /// The peer matches, the port doesn't.
    var peerMatch: Int?

    var miss: NearestMiss? {
      if let portMatch { return NearestMiss(ruleIndex: portMatch, missed: .method) }
      return peerMatch.map { NearestMiss(ruleIndex: $0, missed: .port) }
    }
  }

  private func search(_ peer: SPIFFEID?, _ port: UInt16, _ method: HTTPMethod?) -> Search {
    var found = Search()
    // Without a certificate nobody is anybody: in strict mode not even "any peer".
    guard peer != nil || mode == .permissive else { return found }
    for index in rules.indices where rules[index].isFor(peer) {
      guard rules[index].admits(port: port) else {
        found.peerMatch = found.peerMatch ?? index
        continue
      }
      guard rules[index].admits(method) else {
        found.portMatch = found.portMatch ?? index
        continue
      }
      found.match = index
      break
    }
    return found
  }

  /// The refusal of what no rule matched.
  private func denial(of peer: SPIFFEID?, _ method: HTTPMethod?, _ search: Search) -> Denial {
    let reason: DenyReason =
      if search.portMatch != nil {
        method == nil ? .methodNotVisible : .methodNotAllowed
      } else if peer == nil {
        // A certificate may open what is closed to everyone.
        .noPeerCertificate
      } else {
        search.peerMatch == nil ? .peerNotAllowed : .portNotAllowed
      }
    return Denial(reason, nearestMiss: search.miss)
  }
}

extension InboundRule {
  fileprivate func isFor(_ peer: SPIFFEID?) -> Bool {
    guard let pattern = self.peer else { return true }
    return peer.map(pattern.matches) ?? false
  }

  fileprivate func admits(port: UInt16) -> Bool {
    ports.isEmpty || ports.contains { $0.contains(port) }
  }

  fileprivate func admits(_ method: HTTPMethod?) -> Bool {
    guard !allowedMethods.isEmpty else { return true }
    return method.map(allowedMethods.contains) ?? false
  }
}

/// Ports in few ranges.
private struct PortSet: Sendable {
  private let ranges: [ClosedRange<UInt16>]

  init(_ ranges: [ClosedRange<UInt16>]) { self.ranges = ranges.coalesced() }

  func contains(_ port: UInt16) -> Bool { ranges.contains { $0.contains(port) } }
}

extension HTTPMethod {
  /// GET and HEAD: what a probe asks with.
  fileprivate var isProbing: Bool {
    bytes.matches("GET".utf8) || bytes.matches("HEAD".utf8)
  }
}

extension Span<UInt8> {
  fileprivate func matches(_ text: String.UTF8View) -> Bool {
    guard count == text.count else { return false }
    var index = 0
    for byte in text {
      guard self[index] == byte else { return false }
      index += 1
    }
    return true
  }
}
