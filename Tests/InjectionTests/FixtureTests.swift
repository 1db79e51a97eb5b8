import Configuration
import Testing

@testable import Injection

/// What holds of every manifest that is taken.
func expectWhole(_ manifest: [UInt8], _ mode: Mode) throws {
  let result = try inject(manifest, mode.options)

  // Nothing is lost: the bytes that were there are there, in their order.
  var rest = result[...]
  let isSubsequence = manifest.allSatisfy { byte in
    guard let index = rest.firstIndex(of: byte) else { return false }
    rest = rest[(index + 1)...]
    return true
  }
  #expect(isSubsequence)

  #expect(try remove(result) == manifest, "remove gives back what was there")
  #expect(try inject(result, mode.options) == result, "once more changes nothing")

  let expectation = try Expectation(mode)
  let before = try Meaning.documents(manifest)
  let after = try Meaning.documents(result)
  #expect(after.map(\.withoutRecord) == before.map { expectation.injected($0) })
}

@Suite struct FixtureTests {
  @Test func `there are manifests`() {
    #expect(ManifestFixtures.names.count >= 40)
  }

  @Test(arguments: ManifestFixtures.names, Mode.allCases)
  func `the pair is added and nothing else changes`(name: String, mode: Mode) throws {
    try expectWhole(ManifestFixtures.bytes(name), mode)
  }

  /// A manifest in block style gets whole lines.
  @Test(arguments: ManifestFixtures.names.filter { $0.hasSuffix(".yaml") }, Mode.allCases)
  func `lines are added, and those that were there stay`(name: String, mode: Mode) throws {
    let flow = [
      "deployment-empty-lists.yaml", "deployment-bom-crlf.yaml", "pod-flow.yaml",
      "pod-flow-containers.yaml", "pod-one-line-items.yaml", "pod-tabs.yaml",
    ]
    guard !flow.contains(name), !name.contains("helm"), !name.contains("crlf") else { return }
    let manifest = try ManifestFixtures.bytes(name)
    let lines = manifest.split(separator: 0x0a, omittingEmptySubsequences: false)
    var added = try inject(manifest, mode.options).split(
      separator: 0x0a, omittingEmptySubsequences: false)[...]
    for line in lines where !line.contains(0x7b) && !line.contains(0x5b) {
      guard let index = added.firstIndex(of: line) else {
        Issue.record("\(String(decoding: line, as: UTF8.self)) is gone")
        return
      }
      added = added[(index + 1)...]
    }
  }

  @Test(arguments: ManifestFixtures.names, Mode.allCases)
  func `a comment stays before what it is about`(name: String, mode: Mode) throws {
    // Its script has lines that only look like comments.
    guard name != "job-script.yaml" else { return }
    let manifest = try ManifestFixtures.bytes(name)
    func pairs(_ bytes: [UInt8]) -> [String] {
      let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
      return zip(lines, lines.dropFirst()).filter { line, next in
        line.drop { $0 == " " }.hasPrefix("#") && next.contains { $0 != " " && $0 != "\r" }
          // What is extended within its line.
          && !next.contains("{")
      }.map { "\($0)\n\($1)" }
    }
    #expect(pairs(try inject(manifest, mode.options)) == pairs(manifest))
  }

  @Test func `a file's head stays its head`() throws {
    let head = "# licence\n\n# a pod\n"
    let result = try inject(head + "kind: Pod\nspec: {containers: [{name: a, image: b}]}\n")
    #expect(result.hasPrefix(head + "metadata:\n  annotations:\n"))
  }

  @Test(arguments: ManifestFixtures.names)
  func `classic and native replace each other, and so do images`(name: String) throws {
    let manifest = try ManifestFixtures.bytes(name)
    let classic = try inject(manifest, Mode.classic.options)
    let native = try inject(manifest, Mode.native.options)
    #expect(try inject(classic, Mode.native.options) == native)
    #expect(try inject(native, Mode.classic.options) == classic)

    var other = Mode.native.options
    other.initImage = "registry.example.com:5000/init@sha256:0123"
    other.sidecarImage = "registry.example.com/sidecar:2"
    other.imagePullPolicy = .always
    other.configMap = "policy"
    let changed = try inject(classic, other)
    #expect(changed == (try inject(manifest, other)))
    #expect(String(decoding: changed, as: UTF8.self).contains("example.com:5000/init@sha256:0123"))
    #expect(try remove(changed) == manifest)
  }

  /// A manifest as `kubectl get -o json` gives it back after it was applied: another order, another
  /// layout, no comments. What inject added goes nevertheless.
  @Test(arguments: ManifestFixtures.names, Mode.allCases)
  func `what another program has written anew is freed as well`(name: String, mode: Mode) throws {
    let manifest = try ManifestFixtures.bytes(name)
    for (before, after) in zip(
      try Meaning.documents(manifest), try Meaning.documents(inject(manifest, mode.options)))
    {
      let text = Array(after.sortedJSON.utf8)
      // Where nothing stood under a key, an empty list or section may be left.
      let freed = try Meaning.documents(remove(text))
      #expect(freed.first?.withoutNothing == before.withoutNothing)
    }
  }
}

extension Meaning {
  /// With the keys in alphabetical order, over several lines.
  fileprivate var sortedJSON: String { json(indentation: "\n") }

  private func json(indentation: String) -> String {
    let inner = indentation + "  "
    switch self {
    case .null: return "null"
    case .scalar(let text):
      let escaped = text.unicodeScalars.map { scalar in
        switch scalar {
        case "\"", "\\": "\\\(scalar)"
        case "\n": "\\n"
        case "\t": "\\t"
        default: "\(scalar)"
        }
      }
      return "\"\(escaped.joined())\""
    case .list(let list):
      let items = list.map { inner + $0.json(indentation: inner) }
      return items.isEmpty ? "[]" : "[" + items.joined(separator: ",") + indentation + "]"
    case .section(let section):
      let items = section.sorted { $0.key < $1.key }.map { key, value in
        inner + Meaning.scalar(key).json(indentation: inner) + ": " + value.json(indentation: inner)
      }
      return items.isEmpty ? "{}" : "{" + items.joined(separator: ",") + indentation + "}"
    }
  }
}
