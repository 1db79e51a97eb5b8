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
    if !partlyAllowedBy.isEmpty { object.add("partlyAllowedBy", partlyAllowedBy.map(\.name)) }
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
    if let suggestedRule, target.block == nil {
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
