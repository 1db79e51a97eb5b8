import Configuration
import Testing

/// What YAML has and a configuration hasn't.
@Suite struct RefusedYAMLTests {
  @Test(arguments: [
    ("", "1:1: the document is empty"),
    ("\n\n", "1:1: the document is empty"),
    ("# nothing but a comment\n", "1:1: the document is empty"),
    ("---\n", "2:1: the document is empty"),
    ("- a\n- b\n", "1:1: this is no configuration: a list and no keys"),
    ("hunter2\n", "1:1: this is no configuration: a single text and no keys"),
    (
      "workspaceId: w\nworkers: 1\nworkers: 2\n",
      "3:1: workers: the key stands twice, first in line 2"
    ),
    (
      "workspaceId: w\nlimits: {peekBytes: 600, \"peekBytes\": 700}\n",
      "2:26: limits.peekBytes: the key stands twice, first in line 2"
    ),
    (
      "workspaceId: &a w\n", "1:14: workspaceId: anchors (&) are not supported; write the value out"
    ),
    ("? &a workspaceId\n: w\n", "1:3: anchors (&) are not supported; write the value out"),
    (
      "workspaceId: w\negress: &a {}\n",
      "2:9: egress: anchors (&) are not supported; write the value out"
    ),
    ("workspaceId: *a\n", "1:14: workspaceId: aliases (*) are not supported; write the value out"),
    (
      "workspaceId: w\nlimits:\n  peekBytes: *base\n",
      "3:14: limits.peekBytes: aliases (*) are not supported; write the value out"
    ),
    ("workspaceId: !mine w\n", "1:14: workspaceId: this tag (!) is not supported; leave it out"),
    (
      "workspaceId: !!binary dw==\n",
      "1:14: workspaceId: this tag (!) is not supported; leave it out"
    ),
    ("workspaceId: !!seq w\n", "1:14: workspaceId: this tag (!) is not supported; leave it out"),
    (
      "workspaceId: w\nlimits: !!set {}\n",
      "2:9: limits: this tag (!) is not supported; leave it out"
    ),
    ("workspaceId: w\n? [a]\n: b\n", "2:3: a key must be a plain word"),
    ("workspaceId: w\n? {a: b}\n: b\n", "2:3: a key must be a plain word"),
    ("workspaceId: w\n? *a\n: b\n", "2:3: aliases (*) are not supported; write the value out"),
    (
      "workspaceId: w\n---\nworkspaceId: v\n",
      "2:1: a second document begins here; only one is read"
    ),
    (
      "workspaceId: w\n...\nworkers: 3\n",
      "3:1: this is not valid YAML: did not find expected <document start>"
    ),
    ("workspaceId: w\n\tworkers: 1\n", "2:1: YAML can't be indented with tabs; use spaces"),
    (
      "workspaceId: w\negress:\n\tallowlist:\n", "3:1: YAML can't be indented with tabs; use spaces"
    ),
    (
      "workspaceId: w\n  workers: 1\n",
      "2:10: this is not valid YAML: mapping values are not allowed in this context"
    ),
    (
      "workspaceId: \"w\n",
      "2:1: this is not valid YAML: found unexpected end of stream while scanning a quoted scalar"
    ),
    (
      "workspaceId: w\nlimits: {peekBytes: 600\n",
      "3:1: this is not valid YAML: did not find expected ',' or '}' while parsing a flow mapping"
    ),
    (
      "%YAML 3.0\n---\nworkspaceId: w\n",
      "1:1: this is not valid YAML: found incompatible YAML document"
    ),
  ])
  func `is refused in one sentence`(text: String, expected: String) {
    #expect(errors(text) == ["c.yaml:\(expected)"])
  }

  @Test(
    arguments: [
      ([0], "1:1: this is no UTF-8 text: here stands the byte 0x0"),
      (
        Array("workspaceId: w\n".utf8) + [0x7f, 0x45],
        "2:1: this is no UTF-8 text: here stands the byte 0x7f"
      ),
      (
        Array("workspaceId: ü".utf8) + [0xff],
        "1:15: this is no UTF-8 text: here stands the byte 0xff"
      ),
      ([0xff, 0xfe, 0x77, 0x00], "1:1: this is no UTF-8 text: here stands the byte 0xff"),
      ([0x1f, 0x8b, 0x08, 0x00], "1:1: this is no UTF-8 text: here stands the byte 0x1f"),
      (
        Array("workspaceId: w\n# ".utf8) + [0xc3],
        "2:3: this is no UTF-8 text: here stands the byte 0xc3"
      ),
      (Array("a: ".utf8) + [0xc0, 0xaf], "1:4: this is no UTF-8 text: here stands the byte 0xc0"),
    ] as [([UInt8], String)])
  func `a binary file is refused at its first odd byte`(bytes: [UInt8], expected: String) {
    #expect(errors(bytes) == ["c.yaml:\(expected)"])
  }

  @Test(arguments: [("[", "]"), ("{a: ", "}")])
  func `deep nesting is refused before it costs anything`(open: String, close: String) {
    func nested(_ depth: Int) -> String {
      "a: " + String(repeating: open, count: depth) + String(repeating: close, count: depth)
    }
    #expect(errors(nested(32)).contains { $0.contains("a: there is no such key") })
    for text in [nested(33), "a: " + String(repeating: open, count: 1_000_000)] {
      let found = errors(text)
      #expect(found.count == 1)
      #expect(found.first?.contains("nested deeper than 32 levels") ?? false, "\(found)")
    }
  }

  @Test func `says more than a thousand things only by their number`() {
    let lines = (0..<5000).map { "key\($0): 1\n" }.joined()
    let found = errors("workspaceId: w\n" + lines)
    #expect(found.count == 1001)
    #expect(found.first == "c.yaml:2:1: key0: there is no such key here")
    #expect(found.last?.hasSuffix(": and 4000 more errors") ?? false, "\(found.last ?? "")")
  }

  @Test func `shows a value on one line and not all of a long one`() {
    let long = String(repeating: "é", count: 200)
    #expect(
      errors("workspaceId: w\nproxyPort: \"a\\nb\\u202e\\e[31m\"\n")
        == [
          "c.yaml:2:12: proxyPort: must be an integer, not the text \"a\\nb\\u{202E}\\u{1B}[31m\""
        ])
    #expect(
      errors("workspaceId: w\nproxyPort: \(long)\n")
        == [
          "c.yaml:2:12: proxyPort: must be an integer, not the text \""
            + "\(String(repeating: "é", count: 60))…\""
        ])
    #expect(
      errors("workspaceId: w\n\"a\\nb\": 1\n")
        == ["c.yaml:2:1: ?: there is no such key here"])
  }
}
