import SeededRandom

/// A manifest in a layout that chance has chosen: indentation, block or flow style, quotes, comments,
/// blank lines, line breaks, order of keys.
struct RandomManifest {
  private indirect enum Model {
    case text(String)
    case lines(String)
    /// In flow style an empty list or section.
    case nothing(flow: String)
    case list([Model])
    case section([(String, Model)])
  }

  private var random: SeededGenerator
  private let lineBreak: String
  private let unit: Int
  private let commentChance: Int

  static func text(seed: UInt64) -> String {
    var manifest = RandomManifest(seed: seed)
    return manifest.stream()
  }

  private init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    lineBreak = ["\n", "\n", "\n", "\r\n"].randomElement(using: &random)!
    unit = Int.random(in: 1...5, using: &random)
    commentChance = [0, 0, 10, 30].randomElement(using: &random)!
  }

  private mutating func chance(_ percent: Int) -> Bool {
    Int.random(in: 0..<100, using: &random) < percent
  }

  private mutating func stream() -> String {
    var documents: [String] = []
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let object = chance(80) ? workload() : service()
      if chance(20) {
        documents.append(flow(object, depth: 0))
      } else {
        documents.append(block(object, column: 0).joined(separator: lineBreak))
      }
    }
    let separator = lineBreak + (chance(20) ? "--- # next" : "---") + lineBreak
    var text = documents.joined(separator: separator)
    if chance(30) { text = "# header" + lineBreak + (chance(50) ? "---" + lineBreak : "") + text }
    if chance(10) { text = "\u{feff}" + text }
    return text + (chance(80) ? lineBreak : "")
  }

  // MARK: What it says

  private mutating func service() -> Model {
    .section([("kind", .text("Service")), ("metadata", .section([("name", .text("s"))]))])
  }

  private mutating func workload() -> Model {
    var template = [("spec", pod())]
    if chance(70) { template.append(("metadata", metadata())) }
    let pod = Model.section(template.shuffled(using: &random))
    let kinds = ["Pod", "Deployment", "StatefulSet", "Job", "CronJob", "PodTemplate"]
    let kind = kinds.randomElement(using: &random)!
    var object = [("apiVersion", Model.text("v1")), ("kind", .text(kind))]
    switch kind {
    case "Pod": object += template
    case "PodTemplate": object.append(("template", pod))
    case "CronJob":
      let job = Model.section([("spec", .section([("template", pod)]))])
      object.append(("spec", .section([("schedule", .text("@daily")), ("jobTemplate", job)])))
    default: object.append(("spec", .section([("template", pod)].shuffled(using: &random))))
    }
    object = object.shuffled(using: &random)
    if chance(10) {
      return .section([("kind", .text("List")), ("items", .list([.section(object), service()]))])
    }
    return .section(object)
  }

  private mutating func metadata() -> Model {
    var entries = [("labels", Model.section([("app", .text("web"))]))]
    switch Int.random(in: 0..<5, using: &random) {
    case 0: entries.append(("annotations", .nothing(flow: "{}")))
    case 1: entries.append(("annotations", .section([])))
    case 2: entries.append(("annotations", .section([("note", .text("a, b: c # d"))])))
    case 3: return chance(50) ? .section([]) : .nothing(flow: "{}")
    default: break
    }
    return .section(entries.shuffled(using: &random))
  }

  private mutating func pod() -> Model {
    var entries = [("containers", Model.list((0..<count()).map { container("c\($0)") }))]
    switch Int.random(in: 0..<4, using: &random) {
    case 0: entries.append(("initContainers", .nothing(flow: "[ ]")))
    case 1: entries.append(("initContainers", .list([])))
    case 2: entries.append(("initContainers", .list((0..<count()).map { container("i\($0)") })))
    default: break
    }
    switch Int.random(in: 0..<4, using: &random) {
    case 0: entries.append(("volumes", .nothing(flow: "[]")))
    case 1: entries.append(("volumes", .list([])))
    case 2:
      entries.append(
        ("volumes", .list([.section([("name", .text("tmp")), ("emptyDir", .section([]))])])))
    default: break
    }
    return .section(entries.shuffled(using: &random))
  }

  private mutating func count() -> Int { Int.random(in: 1...3, using: &random) }

  private mutating func container(_ name: String) -> Model {
    var entries = [("name", Model.text(name)), ("image", .text("registry.example.com/a:1"))]
    if chance(30) {
      entries.append(
        ("args", .list([.text("-c"), .lines("containers:\n  - name: none\n# end\n")])))
    }
    if chance(20) { entries.append(("env", .list([.section([("name", .text("Ü"))])]))) }
    if chance(70) { entries.append(("securityContext", securityContext())) }
    return .section(entries.shuffled(using: &random))
  }

  private mutating func securityContext() -> Model {
    var entries: [(String, Model)] = []
    if chance(50) { entries.append(("runAsUser", .text("1000"))) }
    if chance(20) { entries.append(("allowPrivilegeEscalation", .text("false"))) }
    switch Int.random(in: 0..<6, using: &random) {
    case 0: entries.append(("capabilities", .nothing(flow: "{}")))
    case 1: entries.append(("capabilities", .section([])))
    case 2: entries.append(("capabilities", .section([("drop", .list([.text("ALL")]))])))
    case 3: entries.append(("capabilities", .section([("add", .list([.text("CHOWN")]))])))
    default: break
    }
    return entries.isEmpty && chance(50)
      ? .nothing(flow: "{ }") : .section(entries.shuffled(using: &random))
  }

  // MARK: How it is written

  private mutating func scalar(_ text: String) -> String {
    let needsQuotes = text.contains(": ") || text.hasPrefix("@")
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return "\"\(text)\""
    case 1: return "'\(text)'"
    default: return needsQuotes ? "\"\(text)\"" : text
    }
  }

  private mutating func space() -> String {
    String(repeating: " ", count: [1, 1, 1, 2, 4].randomElement(using: &random)!)
  }

  /// Comments and blank lines, for places where they may stand.
  private mutating func noise() -> [String] {
    var lines: [String] = []
    while chance(commentChance) {
      let indentation = String(repeating: " ", count: Int.random(in: 0...12, using: &random))
      lines.append(chance(30) ? "" : "\(indentation)# - containers: {")
    }
    return lines
  }

  private mutating func trailing() -> String { chance(commentChance) ? " # [ö" : "" }

  private mutating func block(_ model: Model, column: Int) -> [String] {
    let indentation = String(repeating: " ", count: column)
    switch model {
    case .text, .lines, .nothing: return []
    case .section(let entries):
      return entries.flatMap { key, value in
        noise() + entry(indentation + scalar(key) + ":", value, column: column)
      }
    case .list(let items):
      return items.flatMap { item in noise() + self.item(item, column: column) }
    }
  }

  private mutating func entry(_ head: String, _ value: Model, column: Int) -> [String] {
    switch value {
    case .nothing: return [head + trailing()]
    case .text(let text): return [head + space() + scalar(text) + trailing()]
    case .lines: return [head + " |"] + literal(value, column: column)
    case .list(let items) where items.isEmpty || chance(15): break
    case .section(let entries) where entries.isEmpty || chance(15): break
    case .list: return [head + trailing()] + block(value, column: column + (chance(50) ? 0 : unit))
    case .section: return [head + trailing()] + block(value, column: column + unit)
    }
    let text = flow(value, depth: column + unit)
    if chance(15) {
      return [head + trailing(), String(repeating: " ", count: column + unit) + text]
    }
    return [head + space() + text + trailing()]
  }

  private mutating func item(_ item: Model, column: Int) -> [String] {
    let dash = String(repeating: " ", count: column) + "-"
    switch item {
    case .section(let entries) where !entries.isEmpty && chance(85):
      if chance(15) {
        return [dash + trailing()] + block(item, column: column + unit + 1)
      }
      let gap = space()
      let lines = block(item, column: column + 1 + gap.count)
      // A comment can't follow the dash and leave the key in its column.
      let key = lines.firstIndex { !$0.drop { $0 == " " }.hasPrefix("#") && !$0.isEmpty }!
      return lines[..<key] + [dash + gap + lines[key].dropFirst(column + 1 + gap.count)]
        + lines[(key + 1)...]
    case .lines: return [dash + " |"] + literal(item, column: column)
    default: return [dash + space() + flow(item, depth: column + unit) + trailing()]
    }
  }

  /// The lines of a block scalar, the head of which is `|`.
  private mutating func literal(_ value: Model, column: Int) -> [String] {
    guard case .lines(let text) = value else { return [] }
    let indentation = String(repeating: " ", count: column + unit + 1)
    return text.split(separator: "\n").map { indentation + $0 }
  }

  private mutating func flow(_ model: Model, depth: Int) -> String {
    switch model {
    case .nothing(let text): return text
    case .text(let text): return text.contains(",") ? "\"\(text)\"" : scalar(text)
    case .lines(let text): return "\"\(text.split(separator: "\n").joined(separator: "\\n"))\\n\""
    case .list(let items):
      return brackets("[", items.map { flow($0, depth: depth + 2) }, "]", depth)
    case .section(let entries):
      let parts = entries.map { key, value in
        "\"\(key)\":\(chance(80) ? " " : "")\(flow(value, depth: depth + 2))"
      }
      return brackets("{", parts, "}", depth)
    }
  }

  private mutating func brackets(
    _ open: String, _ parts: [String], _ close: String, _ depth: Int
  ) -> String {
    guard !parts.isEmpty else { return open + (chance(30) ? " " : "") + close }
    if chance(25) {
      let inner = lineBreak + String(repeating: " ", count: depth + 2)
      return open + inner + parts.joined(separator: "," + inner) + lineBreak
        + String(repeating: " ", count: depth + 1) + close
    }
    return open + parts.joined(separator: [",", ", "].randomElement(using: &random)!) + close
  }
}
