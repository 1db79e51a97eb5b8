internal import Policy

/// `inbound.allow[]:`
enum InboundRuleSection {
  static let name: Key<String?> = Key(
    "name",
    .text(
      "a name of 1 to 128 printable characters", complaint: AllowlistRuleSection.complaint(ofName:)),
    otherwise: "the peer, or `anyone`", "What audit records and error messages call the rule.")
  static let peer: Key<SPIFFEIDPattern?> = Key(
    "peer", .spiffeIDPattern, otherwise: "anyone",
    "The SPIFFE ID of whom the rule admits. `*` is one whole segment of the path, `**` at the end one "
      + "or more. Absent: every peer whose certificate is trusted and, in permissive mode, whoever "
      + "speaks plain text.")
  static let port: Key<UInt16?> = Key(
    "port", .port, otherwise: "any port", "The workload's port. Not together with `ports`.")
  static let ports: Key<[ClosedRange<UInt16>]?> = Key(
    "ports", .portRanges, otherwise: "any port",
    "The workload's ports: numbers and ranges such as `8000-8099`. Not together with `port`.")
  static let allowedMethods: Key<[HTTPMethod]> = Key(
    "allowedMethods", .list(of: .method), default: [], shown: "any method",
    "HTTP methods, upper and lower case told apart. A rule with methods never admits traffic whose "
      + "method can't be seen.")

  static let keys = [
    name.declaration, peer.declaration, port.declaration, ports.declaration,
    allowedMethods.declaration,
  ]

  static let type: ValueType<InboundRule> = .section(keys) { section in
    let givenName = section.read(name)
    let pattern = section.read(peer)
    let onePort = section.read(port)
    let manyPorts = section.read(ports)
    let methods = section.read(allowedMethods)
    if section.position(of: port) != nil, section.position(of: ports) != nil {
      section.error("port and ports exclude each other; list the port in ports", at: ports)
    }
    // A peer that was refused would otherwise read as anyone.
    if pattern == nil, section.position(of: peer) != nil { return nil }
    return InboundRule(
      name: givenName ?? pattern?.description ?? "anyone", peer: pattern,
      ports: onePort.map { [$0...$0] } ?? manyPorts ?? [], allowedMethods: methods)
  }
}

extension ValueType where Value == SPIFFEIDPattern {
  static var spiffeIDPattern: ValueType {
    let phrase = "a SPIFFE ID, or a pattern of some"
    return ValueType(shape: .text(phrase)) { node, findings in
      guard let text = node.text(phrase, findings) else { return nil }
      do throws(SPIFFEIDPatternError) {
        return try SPIFFEIDPattern(text)
      } catch {
        findings.error("\"\(excerpt(text))\" \(error.sentence)", at: node.position)
        return nil
      }
    }
  }
}
