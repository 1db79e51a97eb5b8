internal import Policy

extension CheckResult {
  /// The verdict in one line; for a denial, below it, why and what would change it. `methodGiven`
  /// is the method that was asked for on the command line.
  func textLines(methodGiven: HTTPMethod?) -> [String] {
    var lines: [String] = []
    if let denial {
      let mode = isEnforced ? "" : " (monitor: not enforced)"
      lines.append("deny   \(target.text.printable)  \(denial.reason.rawValue)\(mode)")
      lines.append("       \(denial.reason.sentence(for: target.flow))")
      if let nearestRule, let miss = denial.nearestMiss {
        lines.append("       nearest: \(nearestRule.label), which misses by \(miss.missed.noun)")
      }
      if let suggestedRule {
        lines.append("       would allow it: \(suggestedRule.yaml)")
      }
    } else {
      lines.append("allow  \(target.text.printable)  \(matchedRule?.label ?? "")")
    }
    if methodGiven != nil, target.flow.method == nil {
      lines.append("       note: the method can't be seen here and was not judged")
    }
    if dependsOnAddress {
      lines.append("       note: address rules are judged for address targets only")
    }
    return lines
  }
}

extension CheckTargetError {
  func textLine(for text: String) -> String {
    "error  \(text.withoutUserInfo.printable)  \(description.printable)"
  }
}

extension NearestMiss.Missed {
  var noun: String {
    switch self {
    case .rate: "rate"
    case .clientHello: "clientHello"
    case .method: "method"
    case .port: "port"
    }
  }
}

extension Rule {
  /// `rule github (*.github.com)`.
  fileprivate var label: String {
    "rule \(name.printable)" + (name == pattern ? "" : " (\(pattern.printable))")
  }
}

extension SuggestedRule {
  /// An entry of `egress.allowlist`, ready to be pasted.
  fileprivate var yaml: String {
    var fields = ["hostPattern: \"\(hostPattern)\"", "port: \(port)"]
    if !allowedMethods.isEmpty {
      let methods = allowedMethods.map { "\"\($0)\"" }.joined(separator: ", ")
      fields.append("allowedMethods: [\(methods)]")
    }
    return "- {\(fields.joined(separator: ", "))}"
  }
}
