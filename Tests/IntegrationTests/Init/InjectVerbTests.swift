import Foundation
import TestNetwork
import Testing

/// `portarium-init inject` as it is typed: files, standard streams, exit codes. What it makes of a
/// manifest is in InjectionTests.
@Suite("inject reads, writes and refuses")
struct InjectVerbTests {
  static let pod = """
    apiVersion: v1
    kind: Pod
    metadata: {name: web}
    spec:
      containers:
        - name: web
          image: nginx

    """

  private func inject(_ arguments: [String], input: String? = nil) throws -> Finished {
    try RunningProcess(
      [try Binary.initContainer.path, "inject"] + arguments, input: input.map { Data($0.utf8) }
    ).wait()
  }

  private func file(_ text: String, _ body: (String) throws -> Void) throws {
    let path = Scratch.path("inject-\(UUID().uuidString).yaml")
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  @Test("a file, a dash and nothing at all are the same")
  func input() throws {
    try file(Self.pod) { path in
      let runs = [
        try inject(["-f", path]), try inject(["--filename", "-"], input: Self.pod),
        try inject([], input: Self.pod),
      ]
      for run in runs {
        #expect(run.status == 0)
        #expect(run.errors.isEmpty)
        #expect(run.output == runs[0].output)
      }
      #expect(runs[0].output.contains("- name: portarium-sidecar"))
      let removed = try inject(["--remove"], input: runs[0].output)
      #expect(removed.output == Self.pod)
    }
  }

  @Test("flags take effect")
  func flags() throws {
    let run = try inject(
      [
        "--native-sidecar", "--init-image", "r.example/i:1", "--sidecar-image", "r.example/s:1",
        "--image-pull-policy", "Never", "--config-map", "mine",
      ], input: Self.pod)
    #expect(run.status == 0)
    for part in [
      "restartPolicy: Always", "image: r.example/i:1", "image: r.example/s:1",
      "configMap: {name: mine}",
      "imagePullPolicy: Never",
    ] { #expect(run.output.contains(part), "\(part)") }
    #expect(!run.output.contains("postStart"))
  }

  @Test("several files are one stream, and one bad one stops them all")
  func several() throws {
    try file(Self.pod) { good in
      let both = try inject(["-f", good, "-f", "-"], input: Self.pod)
      #expect(both.status == 0)
      #expect(both.output.components(separatedBy: "\n---\n").count == 2)
      let bad = Self.pod.replacing("spec:\n", with: "spec:\n  hostNetwork: true\n")
      let refused = try inject(["-f", good, "-f", "-"], input: bad)
      #expect(refused.status == 2)
      #expect(refused.output.isEmpty)
      #expect(
        refused.errors.hasPrefix("portarium-init: standard input:5:3: Pod web: hostNetwork: "))
    }
  }

  @Test("warnings go to standard error, and --strict makes some of them errors")
  func warnings() throws {
    let weak = Self.pod + "      securityContext: {privileged: true}\n"
    let warned = try inject([], input: weak)
    #expect(warned.status == 0)
    #expect(warned.output.contains("privileged: true"))
    #expect(warned.errors.hasPrefix("portarium-init: warning: standard input:8:25: Pod web, "))
    let refused = try inject(["--strict"], input: weak)
    #expect(refused.status == 2)
    #expect(refused.output.isEmpty)
    #expect(refused.errors.hasPrefix("portarium-init: standard input:8:25: Pod web, "))
  }

  @Test("a stream without pods passes through with a warning")
  func nothing() throws {
    for text in ["", "kind: Service\n", "# nothing"] {
      let run = try inject([], input: text)
      #expect(run.status == 0)
      #expect(run.output == text)
      #expect(run.errors == "portarium-init: warning: standard input: there is no pod in it\n")
    }
  }

  @Test(
    "bad arguments are exit code 2 and one sentence",
    arguments: [
      (["--init-image", "a b"], "--init-image: \"a b\" is no name of an image"),
      (["--sidecar-image", ""], "--sidecar-image: \"\" is no name of an image"),
      (["--config-map", "A_b"], "--config-map: \"A_b\" is no name of a ConfigMap"),
      (
        ["--image-pull-policy", "always"],
        "--image-pull-policy is Always, IfNotPresent or Never, not \"always\""
      ),
    ])
  func refused(arguments: [String], sentence: String) throws {
    let run = try inject(arguments, input: Self.pod)
    #expect(run.status == 2)
    #expect(run.output.isEmpty)
    #expect(run.errors.hasPrefix("portarium-init: \(sentence)"), "\(run.errors)")
  }

  @Test("a file that can't be read is exit code 5", arguments: ["/nonexistent/x.yaml", "/tmp"])
  func unreadable(path: String) throws {
    let run = try inject(["-f", path])
    #expect(run.status == 5)
    #expect(run.output.isEmpty)
    #expect(run.errors.hasPrefix("portarium-init: \(path): the manifest can't be read: "))
  }

  @Test("more than 16 MiB is refused")
  func large() throws {
    let run = try inject(
      [],
      input: String(
        repeating: "# 64 bytes of nothing but a comment, again and again and again.\n",
        count: 1 << 18 | 1))
    #expect(run.status == 2)
    #expect(run.errors == "portarium-init: standard input: the manifest is larger than 16 MiB\n")
  }
}
