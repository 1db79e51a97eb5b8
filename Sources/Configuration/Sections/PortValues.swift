extension ValueType where Value == [ClosedRange<UInt16>] {
  /// One port or range or a list of them, as written.
  static var ports: ValueType { .oneOrList(of: .portRange) }

  /// At least one: what an empty list would include is anyone's guess.
  static var includedPorts: ValueType {
    ports.refusingNone("names no port; leave it out to mean all")
  }

  /// A list of ports and port ranges, at least one.
  static var portRanges: ValueType {
    let list = ValueType.list(of: .portRange)
    return ValueType(shape: list.shape) { node, findings in
      guard let ranges = list.read(node, findings) else { return nil }
      if case .sequence(let nodes) = node.content, !nodes.isEmpty { return ranges }
      findings.error("names no port; leave the key out to admit any", at: node.position)
      return nil
    }
  }
}

extension ValueType where Value == ClosedRange<UInt16> {
  /// `443` or `8000-8099`.
  fileprivate static var portRange: ValueType {
    let range = ValueShape.text("two ports with a hyphen between them")
    return ValueType(shape: .either(.integer(1...65535), range)) { node, findings in
      let wanted = "a port or a range such as 8000-8099"
      guard let scalar = node.scalar(wanted, findings) else { return nil }
      let bounds = scalar.text.split(separator: "-", omittingEmptySubsequences: false)
      guard bounds.count == 2, !bounds[0].isEmpty else {
        if scalar.isInteger { return ValueType<UInt16>.port.read(node, findings).map { $0...$0 } }
        findings.error(scalar.complaint(wanted: wanted), at: node.position)
        return nil
      }
      let ports = bounds.map { bound -> UInt16? in
        let bound = Scalar(text: String(bound), isPlain: true)
        return bound.isInteger ? UInt16(bound.text) : nil
      }
      guard let first = ports[0], let last = ports[1], 1 <= first, first <= last else {
        findings.error(
          "must be two ports between 1 and 65535, the lower one first, not "
            + "\"\(excerpt(scalar.text))\"", at: node.position)
        return nil
      }
      return first...last
    }
  }
}
