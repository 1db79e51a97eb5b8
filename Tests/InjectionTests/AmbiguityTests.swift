import Testing

@testable import Injection

/// What kubectl makes of these was looked at with `kubectl label --local`, version 1.32: a pod that would
/// not be captured, and another one than the text seems to describe.
@Suite struct AmbiguityTests {
  static let app = "containers:\n- name: app\n  image: nginx\n"
  static let tag = "a tag like this makes of a value what doesn't stand here; write it without"
  static let quoted =
    "`<<` in quotes or by an alias is a merge key to some readers and none to others"

  static func late(_ key: String) -> String {
    "what is merged here has `\(key)` too, which stands before it: which of them holds depends on the "
      + "reader; put `<<` first"
  }

  static let pods: [Case] = [
    Case(
      "schedulerName: &k hostNetwork\nhostNetwork: false\n*k : true\n\(app)",
      "8:3: the key stands twice, first in line 7"),
    Case("!!binary aG9zdE5ldHdvcms=: true\n\(app)", "6:3: \(tag)"),
    Case(
      "\(app)  securityContext: {capabilities: {drop: [ALL], add: [!!binary TkVUX1JBVw==]}}\n",
      "9:57: \(tag)"),
    Case(
      "\(app)  securityContext: {allowPrivilegeEscalation: !!null no}\n", "9:49: \(tag)"),
    Case("hostNetwork: false\n<<: {hostNetwork: true}\n\(app)", "7:3: \(late("hostNetwork"))"),
    Case(
      "hostNetwork: false\n<<: [{x: y}, {<<: {hostNetwork: true}}]\n\(app)",
      "7:3: \(late("hostNetwork"))"),
    Case(
      "<<: {hostNetwork: false}\n<<: {hostNetwork: true}\n\(app)",
      "7:3: the key stands twice, first in line 6"),
    Case("\"<<\": {hostIPC: true}\n\(app)", "6:3: \(quoted)"),
    Case("schedulerName: &m '<<'\n*m : {hostIPC: true}\n\(app)", "7:3: \(quoted)"),
  ]

  @Test("a pod that is another one to kubectl", arguments: pods)
  func pod(_ pod: Case) {
    #expect(errors(InjectionTests.pod(pod.text)) == ["m.yaml:\(pod.expected)"])
  }

  @Test func `what is merged where nothing stands before it is taken`() {
    let spec = "containers:\n- name: app\n  <<: {image: nginx}\n"
    #expect(errors(InjectionTests.pod(spec)).isEmpty)
    let over = "x: &x {image: nginx}\ncontainers:\n- <<: *x\n  name: app\n  image: httpd\n"
    #expect(errors(InjectionTests.pod(over)).isEmpty)
  }

  static let objects: [Case] = [
    Case(
      "kind: ConfigMap\n\(InjectionTests.pod(app))", "3:1: the key stands twice, first in line 1"),
    Case("kind: !!binary UG9k\nspec: {}\n", "1:7: \(tag)"),
    Case(
      "kind: ConfigMap\n<<: {kind: Pod, spec: {containers: [{name: a, image: b}]}}\n",
      "2:1: \(late("kind"))"),
    Case(
      "kind: List\nitems: []\nitems: [{kind: Pod}]\n", "3:1: the key stands twice, first in line 2"),
    // What an alias stands for isn't part of the pod.
    Case(
      "kind: List\nx: &c {privileged: false, privileged: true}\nitems:\n- kind: Pod\n  spec:\n"
        + "    containers:\n    - name: a\n      securityContext:\n        allowPrivilegeEscalation: "
        + "false\n        capabilities: {drop: [ALL]}\n        <<: *c\n",
      "2:27: the key stands twice, first in line 2"),
    // To kubectl it is a list.
    Case(
      "kind: Bundle\nitems:\n- kind: Pod\n  spec: {hostNetwork: true, containers: [{name: a}]}\n",
      "4:10: Pod: hostNetwork: its connections are the node's own, and the rules would be too"),
  ]

  @Test("an object that is another one to kubectl", arguments: objects)
  func object(_ object: Case) {
    #expect(errors(object.text) == ["m.yaml:\(object.expected)"])
  }

  @Test func `lists in lists are looked into, or refused`() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "{kind: List, items: [", count: depth)
        + "{kind: Pod, spec: {containers: [{name: a, image: b}]}}"
        + String(repeating: "]}", count: depth) + "\n"
    }
    #expect(try inject(nested(7)).contains("portarium-init"))
    #expect(
      errors(nested(8)) == [
        "m.yaml:1:169: lists in lists, more than 8 deep: what is in them can't be protected"
      ])
  }

  @Test func `an allowPrivilegeEscalation that is null is refused`() {
    for null in ["null", "~", ""] {
      let spec = "\(Self.app)  securityContext:\n    allowPrivilegeEscalation: \(null)\n"
      #expect(
        errors(InjectionTests.pod(spec)) == [
          "m.yaml:10:7: Pod p, container app: allowPrivilegeEscalation is null, which allows it; "
            + "leave the key out"
        ])
    }
  }

  static let unknown = [
    "kind: JobSet\nspec: {replicatedJobs: [{template: {spec: {template: {spec: {containers: "
      + "[{name: a, image: b}]}}}}}]}\n",
    "kind: Workflow\nspec: {templates: [{name: a, container: {image: b}}]}\n",
    "kind: Task\nspec: {steps: [{name: a, image: b}]}\n",
    "kind: Template\nobjects: [{kind: Pod, spec: {containers: [{name: a, image: \"${IMAGE}\"}]}}]\n",
  ]

  @Test(arguments: unknown)
  func `containers in unusual places are warned of`(manifest: String) throws {
    let found = try warnings(manifest)
    #expect(found.count == 1)
    #expect(found.first?.contains("is of no kind that inject knows") ?? false, "\(found)")
  }

  @Test(arguments: [
    "kind: Policy\nspec: {rules: [{pattern: {spec: {containers: [{image: \"!*:latest\"}]}}}]}\n",
    "kind: Schema\nspec: {containers: {type: array}}\n",
    "kind: Pipeline\nspec: {steps: [{name: build, run: make}]}\n",
  ])
  func `what only speaks of containers is not`(manifest: String) throws {
    #expect(try warnings(manifest).isEmpty)
  }
}
