import Testing

@testable import Injection

@Suite struct PairTests {
  @Test(arguments: Mode.allCases)
  func `is the one of infra and kubernetes`(mode: Mode) throws {
    let expected = try Expectation(mode).pair
    let pair = Pair(options: mode.options)
    func items(_ text: String) throws -> [Meaning] {
      try Meaning.documents(Array(text.utf8))[0].list
    }
    #expect(try items(pair.initContainers) == expected["initContainers"].list)
    #expect(try pair.containers.map(items) ?? [] == expected["containers"].list)
    #expect(try items(pair.volumes) == expected["volumes"].list)
    #expect(!expected["initContainers"].list.isEmpty && !expected["volumes"].list.isEmpty)
  }

  @Test func `the pull policy is the one of both images`() throws {
    var options = Mode.classic.options
    options.imagePullPolicy = .never
    let text = try inject(pod("containers:\n- name: a\n  image: b"), options)
    #expect(text.split(separator: "\n").count { $0.hasSuffix("imagePullPolicy: Never") } == 2)
  }

  @Test(arguments: [
    ("portarium", "portarium"), ("a.b-c", "a.b-c"), ("123", "\"123\""), ("true", "\"true\""),
    ("on", "\"on\""), ("1e3", "\"1e3\""), ("0x10", "\"0x10\""), ("null", "\"null\""),
    ("y", "\"y\""),
  ])
  func `a name is a text to YAML`(name: String, written: String) throws {
    var options = Mode.classic.options
    options.configMap = name
    let text = try inject(pod("containers:\n- name: a\n  image: b"), options)
    #expect(text.contains("configMap: {name: \(written)}"))
  }

  @Test(arguments: [
    ("nginx", true), ("registry.example.com:5000/a/b_c:1.2-x", true), ("a@sha256:00ff", true),
    ("", false), ("a b", false), ("a\"b", false), ("a\nb", false), ("ä", false), ("a{b", false),
  ])
  func `an image has no other characters than images have`(text: String, isImage: Bool) {
    #expect(InjectionOptions.isImage(text) == isImage)
  }

  @Test(arguments: [
    ("portarium", true), ("a.b-c.1", true), ("A", false), ("-a", false), ("a-", false),
    ("a..b", false),
    ("", false), ("a_b", false), (String(repeating: "a", count: 254), false),
  ])
  func `a ConfigMap's name is one that Kubernetes takes`(text: String, isName: Bool) {
    #expect(InjectionOptions.isObjectName(text) == isName)
  }
}
