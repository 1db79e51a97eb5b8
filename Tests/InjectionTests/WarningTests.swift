import Configuration
import Testing

@testable import Injection

@Suite struct WarningTests {
  static let app = "containers:\n- name: app\n  image: nginx\n"

  private static func strict() -> InjectionOptions {
    var options = InjectionOptions()
    options.strict = true
    return options
  }

  private static func security(_ context: String) -> String {
    pod("\(app)  securityContext: {\(context)}\n")
  }

  struct Weak: Sendable {
    let context: String
    let starts: [String]

    init(_ context: String, _ starts: [String]) {
      self.context = context
      self.starts = starts
    }
  }

  static let weak: [Weak] = [
    Weak(
      "capabilities: {add: [NET_RAW]}", ["9:44: Pod p, container app: NET_RAW lets it get around"]),
    Weak(
      "capabilities: {add: [cap_setuid]}", ["9:44: Pod p, container app: SETUID lets it get around"]
    ),
    Weak(
      "capabilities: {add: [SETGID]}", ["9:44: Pod p, container app: SETGID lets it get around"]),
    Weak(
      "capabilities: {drop: [ALL], add: [SYS_ADMIN]}",
      ["9:57: Pod p, container app: SYS_ADMIN lets it get around"]
    ),
    Weak(
      "capabilities: {add: [NET_ADMIN, CHOWN, ALL]}",
      [
        "9:44: Pod p, container app: NET_ADMIN lets it get around",
        "9:62: Pod p, container app: ALL lets it get around",
      ]
    ),
    Weak("privileged: true", ["9:23: Pod p, container app: privileged: true lets it get around"]),
    Weak(
      "allowPrivilegeEscalation: true",
      ["9:23: Pod p, container app: allowPrivilegeEscalation: true lets it get around"]
    ),
    Weak(
      "capabilities: {drop: []}",
      ["9:38: Pod p, container app: keeps NET_RAW, SETUID, SETGID, which lets it get around"]
    ),
    Weak(
      "capabilities: {drop: [NET_RAW, setuid]}",
      ["9:38: Pod p, container app: keeps SETGID, which lets it get around"]
    ),
    // To containerd these are CAP_CAP_….
    Weak(
      "capabilities: {drop: [CAP_ALL]}",
      ["9:38: Pod p, container app: keeps NET_RAW, SETUID, SETGID, which lets it get around"]
    ),
    Weak(
      "capabilities: {drop: [CAP_NET_RAW, SETUID, SETGID]}",
      ["9:38: Pod p, container app: keeps NET_RAW, which lets it get around"]
    ),
    Weak("capabilities: {drop: [NET_RAW, SETUID, SETGID]}", []),
    Weak("capabilities: {add: [NET_BIND_SERVICE]}", []),
    Weak("capabilities: {drop: [All]}", []),
  ]

  @Test("what gets around the capture is warned of, and refused by --strict", arguments: weak)
  func weakening(_ weak: Weak) throws {
    let manifest = Self.security(weak.context)
    let found = try warnings(manifest)
    #expect(found.count == weak.starts.count)
    for (one, start) in zip(found, weak.starts) { #expect(one.hasPrefix("m.yaml:\(start)")) }
    #expect(errors(manifest, Self.strict()) == found)
  }

  static let odd: [Case] = [
    Case(
      "\(app)initContainers:\n- name: wait\n  image: x\n",
      "10:5: Pod p, container wait: runs before the sidecar, so that its connections are refused; "
        + "with --native-sidecar they are judged"
    ),
    Case(
      "\(app)restartPolicy: Never\n",
      "6:3: Pod p: doesn't complete while the sidecar runs; with --native-sidecar it does"
    ),
    Case(
      "shareProcessNamespace: true\n\(app)",
      "6:3: Pod p: shareProcessNamespace: it sees the sidecar's processes"
    ),
    Case(
      "terminationGracePeriodSeconds: 5\n\(app)",
      "6:34: Pod p: in 5 seconds the sidecar can't end the connections that are open; "
        + "terminationGracePeriodSeconds should be limits.drainSeconds and 10 more"
    ),
    Case(
      "securityContext: {fsGroup: 1337}\n\(app)",
      "6:30: Pod p: all its containers are in group 1337, the sidecar's: where capture.proxyGID "
        + "names it, it isn't captured"
    ),
    Case(
      "securityContext: {supplementalGroups: [1, 1337]}\n\(app)",
      "6:45: Pod p: all its containers are in group 1337, the sidecar's: where capture.proxyGID "
        + "names it, it isn't captured"
    ),
    Case(
      "\(app)  securityContext: {runAsGroup: 1337}\n",
      "9:35: Pod p, container app: runs as gid 1337, the sidecar's: where capture.proxyGID names "
        + "it, it isn't captured"
    ),
  ]

  @Test("what won't work as it may be meant is warned of, and taken", arguments: odd)
  func notes(_ odd: Case) throws {
    #expect(try warnings(pod(odd.text)) == ["m.yaml:\(odd.expected)"])
    #expect(errors(pod(odd.text), Self.strict()).isEmpty)
  }

  @Test func `a native sidecar serves init containers and lets a job complete`() throws {
    let spec = "\(Self.app)restartPolicy: Never\ninitContainers:\n- name: wait\n  image: x\n"
    #expect(try warnings(pod(spec)).count == 2)
    #expect(try warnings(pod(spec), Mode.native.options).isEmpty)
  }

  @Test(arguments: [
    (
      "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec: {template: {spec: "
        + "{containers: [{name: a}]}}}\n",
      "1:1: Rollout r: holds containers, and is of no kind that inject knows: nothing is added"
    ),
    (
      "apiVersion: batch.volcano.sh/v1\nkind: Job\nmetadata: {name: r}\nspec: {template: {spec: "
        + "{containers: [{name: a}]}}}\n",
      "1:1: Job r: holds containers, and is of no kind that inject knows: nothing is added"
    ),
  ])
  func `a kind with pods that isn't known is named`(manifest: String, expected: String) throws {
    #expect(try warnings(manifest) == ["m.yaml:\(expected)"])
    #expect(try inject(manifest) == manifest)
    #expect(errors(manifest, Self.strict()) == ["m.yaml:\(expected)"])
  }

  @Test(arguments: ["labels", "annotations"])
  func `a pod can be exempt`(place: String) throws {
    let manifest = """
      apiVersion: apps/v1
      kind: DaemonSet
      metadata: {name: node}
      spec:
        template:
          metadata:
            \(place): {portarium.io/sidecar: disabled}
          spec:
            hostNetwork: true
            containers: [{name: a, image: b}]

      """
    #expect(try inject(manifest) == manifest)
    #expect(
      try warnings(manifest)
        == ["m.yaml:6:5: DaemonSet node: left as it is, as portarium.io/sidecar: disabled says"])
    let result = try Injection.inject(
      Array(manifest.utf8), file: "m", options: InjectionOptions())
    #expect(result.podCount == 0)
  }

  /// kubectl doesn't ask what a list is called.
  @Test(arguments: ["List", "PodList", "ConfigMap", "Listing", ""])
  func `whatever has items is a list`(kind: String) throws {
    let manifest =
      "kind: \(kind)\nitems: [{kind: Pod, spec: {containers: [{name: a, image: b}]}}]\n"
    #expect(try inject(manifest).contains("portarium-sidecar"))
  }

  @Test func `meshes are named`() throws {
    let manifest = String(
      decoding: try ManifestFixtures.bytes("deployment-mesh.yaml"), as: UTF8.self)
    #expect(try warnings(manifest).count == 3)
    #expect(errors(manifest, Self.strict()).count == 3)
  }

  @Test func `positions are those of what was given, also where it was injected before`() throws {
    let manifest = Self.security("capabilities: {add: [NET_RAW]}")
    let injected = try inject(manifest)
    let again = try warnings(injected)
    #expect(again.count == 1)
    let line = try #require(Int(again[0].split(separator: ":")[1]))
    #expect(
      injected.split(separator: "\n", omittingEmptySubsequences: false)[line - 1].contains(
        "NET_RAW"))
  }
}
