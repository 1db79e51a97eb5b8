internal import Addressing
internal import Policy

/// A host pattern and how the document spells it.
struct SpelledPattern: Sendable {
  var text: String
  var matcher: HostMatcher
}

extension ValueType where Value == SpelledPattern {
  static var hostPattern: ValueType {
    let phrase = "a host name, *.suffix, *, an address or a CIDR block"
    return ValueType(shape: .text(phrase)) { node, findings in
      guard let text = node.text(phrase, findings) else { return nil }
      do throws(HostPatternError) {
        let pattern = try HostMatcher.parse(text)
        for warning in pattern.warnings {
          findings.warning("\(warning)", at: node.position)
        }
        return SpelledPattern(text: text, matcher: pattern.matcher)
      } catch {
        findings.error("\(error)", at: node.position)
        return nil
      }
    }
  }
}

extension ValueType where Value == HTTPMethod {
  static var method: ValueType {
    let phrase = "an HTTP method"
    return ValueType(shape: .text(phrase)) { node, findings in
      guard let text = node.text(phrase, findings) else { return nil }
      guard let method = HTTPMethod(text) else {
        findings.error("must be \(phrase), not \"\(excerpt(text))\"", at: node.position)
        return nil
      }
      let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"]
      if !known.contains(text), let meant = nearest(to: text, among: known) {
        findings.warning(
          "\(excerpt(text)) is no method of the HTTP standard; upper and lower case differ",
          at: node.position, suggestion: meant)
      }
      return method
    }
  }
}

extension ValueType where Value == [ClosedRange<UInt16>] {
  /// A list of ports and port ranges.
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
