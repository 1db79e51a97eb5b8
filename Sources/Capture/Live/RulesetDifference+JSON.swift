extension RulesetDifference {
  /// For programs: one object on one line, with a line feed.
  package var json: String {
    JSONObject([
      ("equal", isEmpty ? "true" : "false"),
      ("tables", JSONObject.list(tables.map(\.json))),
    ]).text + "\n"
  }
}

extension TableDifference {
  fileprivate var json: String {
    JSONObject([
      ("family", JSONObject.string("\(table.family)")),
      ("name", JSONObject.string(table.name)),
      ("state", JSONObject.string(state.rawValue)),
      ("sets", JSONObject.list(sets.map(\.json))),
      ("chains", JSONObject.list(chains.map(\.json))),
    ]).text
  }
}

extension SetDifference {
  fileprivate var json: String {
    JSONObject([
      ("name", JSONObject.string(name)),
      ("presence", JSONObject.string(presence.rawValue)),
      ("desiredType", desiredType.map(JSONObject.string)),
      ("liveType", liveType.map(JSONObject.string)),
      ("missing", JSONObject.list(missing.map(JSONObject.string))),
      ("unexpected", JSONObject.list(unexpected.map(JSONObject.string))),
    ]).text
  }
}

extension ChainDifference {
  fileprivate var json: String {
    JSONObject([
      ("name", JSONObject.string(name)),
      ("presence", JSONObject.string(presence.rawValue)),
      ("desiredHook", desiredHook.map(JSONObject.string)),
      ("liveHook", liveHook.map(JSONObject.string)),
      (
        "rules",
        JSONObject.list(
          lines.filter { $0.presence != .both }.map { line in
            JSONObject([
              ("presence", JSONObject.string(line.presence.rawValue)),
              ("rule", JSONObject.string(line.text)),
              ("handle", line.handle.map { "\($0)" }),
            ]).text
          })
      ),
    ]).text
  }
}

/// JSON (RFC 8259) as text, in the order given.
struct JSONObject {
  private(set) var text: String

  /// - Parameter fields: names, and values that are JSON already; those without one are left out.
  init(_ fields: [(name: String, value: String?)]) {
    let present = fields.compactMap { field in
      field.value.map { "\(Self.string(field.name)):\($0)" }
    }
    text = "{" + present.joined(separator: ",") + "}"
  }

  static func list(_ values: [String]) -> String { "[" + values.joined(separator: ",") + "]" }

  static func string(_ value: String) -> String {
    var text = "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
