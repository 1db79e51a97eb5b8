internal import Addressing
internal import Policy

extension CheckResult {
  /// One object; its keys are those of the audit record and of the denial reply, where they mean
  /// the same.
  var jsonLine: String {
    var object = JSONObject()
    object.add("target", target.text)
    object.add("policyDecision", isAllowed ? "allow" : "deny")
    object.add("enforced", isEnforced)
    object.add("protocol", target.flow.protocolName)
    if let name = target.flow.name { object.add("destinationHost", name.description) }
    let destination = target.flow.destination.endpoint
    if target.namesAddress { object.add("destinationAddress", destination.address.description) }
    object.add("destinationPort", Int(destination.port))
    if let method = target.flow.method { object.add("httpMethod", method.description) }
    if let matchedRule { object.add("matchedRule", matchedRule.name) }
    if let denial {
      object.add("policyReason", denial.reason.rawValue)
      object.add("message", denial.reason.sentence(for: target.flow))
      if let nearestRule, let miss = denial.nearestMiss {
        var nearest = JSONObject()
        nearest.add("rule", nearestRule.name)
        nearest.add("ruleIndex", miss.ruleIndex)
        nearest.add("missed", miss.missed.noun)
        object.add("nearestMiss", nearest)
      }
    }
    if let suggestedRule {
      var rule = JSONObject()
      rule.add("hostPattern", suggestedRule.hostPattern)
      rule.add("port", Int(suggestedRule.port))
      rule.add("allowedMethods", suggestedRule.allowedMethods.map(\.description))
      object.add("suggestedRule", rule)
    }
    if dependsOnAddress { object.add("addressRulesJudged", false) }
    return object.text
  }
}

extension CheckTargetError {
  func jsonLine(for text: String) -> String {
    var object = JSONObject()
    object.add("target", text.withoutUserInfo)
    object.add("error", description)
    return object.text
  }
}

extension Flow {
  fileprivate var protocolName: String {
    switch content {
    case .http: "http"
    case .tls: "tls"
    case .opaque, .silent, .tunnel: "tcp"
    }
  }
}

/// A JSON object in the making, on one line.
private struct JSONObject {
  private var members: [String] = []

  var text: String { "{" + members.joined(separator: ",") + "}" }

  mutating func add(_ key: String, _ value: String) { member(key, Self.quoted(value)) }
  mutating func add(_ key: String, _ value: Int) { member(key, String(value)) }
  mutating func add(_ key: String, _ value: Bool) { member(key, value ? "true" : "false") }
  mutating func add(_ key: String, _ value: JSONObject) { member(key, value.text) }

  mutating func add(_ key: String, _ values: [String]) {
    member(key, "[" + values.map(Self.quoted).joined(separator: ",") + "]")
  }

  private mutating func member(_ key: String, _ value: String) {
    members.append(Self.quoted(key) + ":" + value)
  }

  /// RFC 8259 §7, with everything outside ASCII as it is.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\0"..."\u{1f}", "\u{7f}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
