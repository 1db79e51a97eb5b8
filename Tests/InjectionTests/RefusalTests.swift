import Configuration
import Testing

@testable import Injection

/// What can't be protected, or can't be extended, is refused: nothing is written.
@Suite struct RefusalTests {
  static let app = "containers:\n- name: app\n  image: nginx\n"

  static let uncapturable: [Case] = [
    Case(
      "hostNetwork: true\n\(app)",
      "6:3: Pod p: hostNetwork: its connections are the node's own, and the rules would be too"
    ),
    Case(
      "hostNetwork: yes\n\(app)",
      "6:3: Pod p: hostNetwork: its connections are the node's own, and the rules would be too"
    ),
    Case("os: {name: windows}\n\(app)", "6:3: Pod p: it is for Windows, which has no nftables"),
    Case(
      "nodeSelector:\n  kubernetes.io/os: windows\n\(app)",
      "6:3: Pod p: it is for Windows, which has no nftables"
    ),
    Case("containers: []\n", "6:3: Pod p: the pod has no containers"),
    Case("restartPolicy: Never\n", "6:3: Pod p: the pod has no containers"),
  ]

  @Test("a pod that can't be captured", arguments: uncapturable)
  func pod(_ pod: Case) {
    #expect(errors(InjectionTests.pod(pod.text)) == ["m.yaml:\(pod.expected)"])
  }

  /// All of YAML 1.1's notations of one number, as Kubernetes reads them.
  @Test(
    "a workload that is the sidecar to the kernel",
    arguments: [
      "1337", "0x539", "02471", "1_337", "1337.0", "1.337e3", "0b10100111001", "0o2471",
      "+02471", "0O2471", "0B10100111001", "+0x539", "0000000000000000000000002471",
      "1337.0000000000000000000000",
    ])
  func uid(number: String) {
    let sentence =
      "Pod p, container app: runs as uid 1337, which is the sidecar's: its connections would not be "
      + "captured"
    let own = "\(Self.app)  securityContext: {runAsUser: \(number)}\n"
    #expect(errors(InjectionTests.pod(own)) == ["m.yaml:9:34: \(sentence)"])
    let all = "securityContext: {runAsUser: \(number)}\n" + Self.app
    #expect(errors(InjectionTests.pod(all)) == ["m.yaml:6:32: \(sentence)"])
    // What the container says goes before what the pod says.
    #expect(
      errors(InjectionTests.pod(all + "  securityContext: {runAsUser: 1000}\n")).isEmpty)
  }

  @Test("a port of the sidecar's", arguments: [15000, 15001, 15006, 15021, 15053])
  func port(number: Int) {
    let spec = "\(Self.app)  ports:\n  - containerPort: \(number)\n"
    #expect(
      errors(InjectionTests.pod(spec))
        == ["m.yaml:10:22: Pod p, container app: port \(number) is the sidecar's"])
  }

  static let misnamed: [Case] = [
    Case(
      "containers:\n- name: portarium-sidecar\n  image: x\n",
      "7:5: Pod p: there is a container portarium-sidecar that inject didn't add: the annotation "
        + "portarium.io/injected is missing"
    ),
    Case(
      "\(app)initContainers:\n- name: portarium-init\n  image: x\n",
      "10:5: Pod p: there is a container portarium-init that inject didn't add: the annotation "
        + "portarium.io/injected is missing"
    ),
    Case(
      "\(app)volumes:\n- name: portarium\n  emptyDir: {}\n",
      "10:5: Pod p: there is a volume portarium that inject didn't add"
    ),
    Case(
      "\(app)- name: app\n  image: other\n",
      "9:5: Pod p, container app: another one has the same name"
    ),
    Case(
      "containers:\n- image: x\n",
      "7:5: Pod p, container without a name: a container's name is made of lower-case letters, "
        + "digits and -"
    ),
    Case(
      "containers:\n- name: a b/c\n  image: x\n",
      "7:5: Pod p, container a b/c: a container's name is made of lower-case letters, digits and -"
    ),
    Case("containers:\n- app\n", "7:5: Pod p: a container must be a section"),
  ]

  @Test("names that are the pair's, or none", arguments: misnamed)
  func names(_ pod: Case) {
    #expect(errors(InjectionTests.pod(pod.text)) == ["m.yaml:\(pod.expected)"])
  }

  static let inextensible: [Case] = [
    Case(
      "\(app)volumes: null\n",
      "9:3: Pod p: `volumes` is null, to which nothing can be added; leave the key out"
    ),
    Case(
      "\(app)initContainers: ~\n",
      "9:3: Pod p: `initContainers` is null, to which nothing can be added; leave the key out"
    ),
    Case("\(app)volumes: none\n", "9:12: Pod p: `volumes` is no list"),
    Case(
      "containers:\n- name: app\n  image: x\n  securityContext: null\n",
      "9:22: Pod p, container app: nothing can be added to the security context as it is written "
        + "here"
    ),
    Case(
      "\(app)  securityContext: {capabilities: null}\n",
      "9:37: Pod p, container app: nothing can be added to the security context as it is written "
        + "here"
    ),
    Case(
      "\(app)volumes: &v\n- name: a\n  emptyDir: {}\nx: *v\n",
      "9:3: Pod p: `volumes` has an anchor that is used elsewhere; write it out there"
    ),
    Case(
      "x: &v\n- name: a\n  emptyDir: {}\nvolumes: *v\n\(app)",
      "9:3: Pod p: `volumes` is shared by an anchor; write it out, so that something can be added "
        + "here alone"
    ),
    Case(
      "x: &x {volumes: []}\n<<: *x\n\(app)",
      "6:10: Pod p: `volumes` is shared by an anchor; write it out, so that something can be added "
        + "here alone"
    ),
    Case(
      "x: &c {runAsUser: 1}\n" + "\(app)  securityContext: *c\n",
      "10:22: Pod p, container app: allowPrivilegeEscalation: false and capabilities: {drop: [ALL]} "
        + "can't be added to what an anchor shares; add them in line 6"
    ),
    Case(
      "x: &c {add: [CHOWN]}\n" + "\(app)  securityContext: {capabilities: *c}\n",
      "10:37: Pod p, container app: allowPrivilegeEscalation: false and capabilities: {drop: [ALL]} "
        + "can't be added to what an anchor shares; add them in line 6"
    ),
    Case(
      "x: &c {name: app, image: x}\ncontainers: [*c]\n",
      "7:16: Pod p, container app: allowPrivilegeEscalation: false and capabilities: {drop: [ALL]} "
        + "can't be added to what an anchor shares; add them in line 6"
    ),
  ]

  @Test("places where nothing can be added", arguments: inextensible)
  func places(_ pod: Case) {
    #expect(errors(InjectionTests.pod(pod.text)) == ["m.yaml:\(pod.expected)"])
  }

  /// YAML that nobody writes and that has no place for lines of ours.
  @Test(arguments: [
    "? containers\n: - name: a\n    image: b\n", "containers: [{name: a, image: b}]\nvolumes: &v\n",
    "x: {y: }\ncontainers: [{name: a, image: b, securityContext: }]\n",
  ])
  func `what can't be extended is refused`(spec: String) {
    let found = errors(InjectionTests.pod(spec))
    #expect(found.count == 1)
    #expect(
      found.first?.contains("can't extend") ?? false
        || found.first?.contains("nothing can be added") ?? false, "\(found)")
  }

  @Test func `a pod that is an alias`() {
    let manifest = """
      kind: List
      items:
      - kind: Deployment
        metadata: {name: a}
        spec: &spec
          template: {spec: {containers: [{name: a, image: b}]}}
      - kind: Deployment
        metadata: {name: b}
        spec: *spec
      """
    #expect(
      errors(manifest) == [
        "m.yaml:9:9: Deployment b: `spec` is an alias of line 5; write it out, so that something can "
          + "be added here alone"
      ])
  }

  static let texts: [Case] = [
    Case(
      "a: b\n c: d\n", "2:3: this is not valid YAML: mapping values are not allowed in this context"
    ),
    Case("a:\n\t- b\n", "2:1: YAML can't be indented with tabs; use spaces"),
    Case(
      "a: *b\n", "1:4: this is not valid YAML: there is no anchor of this alias's name before it"),
    Case(
      "{\"a\": 1}\n{\"b\": 2}\n",
      "2:1: this is not valid YAML: did not find expected <document start>"),
    Case(
      "kind: Deployment\nmetadata: {name: x}\nspec: {replicas: 1}\n",
      "3:7: Deployment x: there is no pod in it: `template` is missing"
    ),
    Case("kind: Pod\nspec: none\n", "2:7: Pod: `spec` is no section"),
    Case(
      "kind: Pod\nspec:\n  containers: [{name: a, image: b}]\n  containers: []\n",
      "4:3: the key stands twice, first in line 3"
    ),
  ]

  @Test("what is no manifest", arguments: texts)
  func text(_ manifest: Case) {
    #expect(errors(manifest.text).first == "m.yaml:\(manifest.expected)")
  }

  @Test func `UTF-16 is called by its name`() {
    let bytes: [UInt8] = [0xff, 0xfe] + "kind: Pod\n".utf8.flatMap { [$0, 0] }
    #expect(throws: Injection.Failure.self) { try inject(bytes) }
    do throws(Injection.Failure) {
      _ = try Injection.inject(bytes, file: "m", options: InjectionOptions())
    } catch {
      #expect(error.errors.map(\.description) == ["m:1:1: this is UTF-16; save it as UTF-8"])
    }
  }

  @Test func `everything is said at once, in the order of the lines`() {
    let manifest =
      InjectionTests.pod("hostNetwork: true\n\(Self.app)  ports: [{containerPort: 15001}]\n")
      + "---\n" + InjectionTests.pod("containers: []\n")
    let found = errors(manifest)
    #expect(found.count == 3)
    #expect(
      found.map { String($0.split(separator: " ")[0]) } == [
        "m.yaml:6:3:", "m.yaml:10:29:", "m.yaml:17:3:",
      ])
  }

  @Test(arguments: [("[", "]"), ("{a: ", "}")])
  func `deep nesting is refused`(open: String, close: String) {
    func nested(_ depth: Int) -> String {
      "a: " + String(repeating: open, count: depth) + String(repeating: close, count: depth)
    }
    #expect(errors(nested(255)).isEmpty)
    for text in [nested(257), "a: " + String(repeating: open, count: 1_000_000)] {
      let found = errors(text)
      #expect(found.count == 1)
      #expect(found.first?.contains("nested deeper than 256 levels") ?? false, "\(found)")
    }
  }

  /// Of two keys the last one holds for kubectl, also where it isn't looked at any further.
  @Test(arguments: ["kind: Service", "apiVersion: v1", "items: []"])
  func `an object says once what it is`(line: String) {
    let key = line.split(separator: ":")[0]
    let manifest = "\(line)\nmetadata: {name: a}\n\(key): other\n"
    #expect(errors(manifest) == ["m.yaml:3:1: the key stands twice, first in line 1"])
  }

  /// The nine lists of a billion laughs, as a container's securityContext and as merges.
  @Test func `aliases of aliases cost nothing`() {
    var text = "kind: Pod\nx0: &a0 {k: v}\n"
    for level in 1...60 {
      let before = "*a\(level - 1)"
      text +=
        "x\(level): &a\(level) {<<: [\(before), \(before), \(before)], y: [\(before), \(before)]}\n"
    }
    text += "spec:\n  containers:\n  - name: a\n    image: b\n    <<: *a60\n"
    #expect(errors(text).isEmpty)
  }

  @Test func `a name can't write on the terminal`() {
    let manifest =
      "kind: Pod\nmetadata: {name: \"a\\e[31m\\nb\"}\nspec: {hostNetwork: true, containers: []}\n"
    let found = errors(manifest)
    #expect(found.allSatisfy { !$0.contains("\u{1b}") && !$0.contains("\n") }, "\(found)")
    #expect(found.first?.contains("Pod a\\u{1B}[31m\\nb") ?? false, "\(found)")
  }
}
