internal import Addressing
internal import Policy

/// A host pattern and how the document spells it.
struct SpelledPattern: Sendable {
  var text: String
  var matcher: HostMatcher
}

extension ValueType where Value == RuleList {
  /// A list of rules; each is stored before the next one is read.
  static var allowlist: ValueType {
    let rule = AllowlistRuleSection.type
    return ValueType(shape: .list(of: rule.shape)) { node, findings in
      guard let nodes = node.items(findings) else { return nil }
      var rules = RuleList()
      for (index, node) in nodes.enumerated() {
        findings.within(.index(index)) {
          if let rule = rule.read(node, findings) { rules.append(rule) }
        }
      }
      rules.shrink()
      return rules
    }
  }
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
