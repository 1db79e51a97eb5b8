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
