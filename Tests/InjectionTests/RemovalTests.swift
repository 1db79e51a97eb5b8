import Configuration
import Testing

@testable import Injection

@Suite struct RemovalTests {
  private static let manifest = pod(
    "containers:\n- name: app\n  image: nginx\n  securityContext:\n    runAsUser: 1000\n- name: log\n  image: x\n"
  )

  private func removed(_ text: String) throws -> (text: String, warnings: [String]) {
    let result = try Injection.remove(Array(text.utf8), file: "m.yaml")
    return (String(decoding: result.bytes, as: UTF8.self), result.warnings.map(\.description))
  }

  @Test func `what was never injected stays`() throws {
    #expect(try removed(Self.manifest).text == Self.manifest)
    #expect(try removed(Self.manifest).warnings.isEmpty)
    #expect(try Injection.remove(Array(Self.manifest.utf8), file: "m").podCount == 0)
  }

  @Test func `what only looks injected stays, and is named`() throws {
    let manifest = pod("containers:\n- name: portarium-sidecar\n  image: x\n")
    let (text, warnings) = try removed(manifest)
    #expect(text == manifest)
    #expect(
      warnings == [
        "m.yaml:7:5: Pod p, container portarium-sidecar: stays, since the annotation "
          + "portarium.io/injected is missing"
      ])
  }

  @Test func `what was written beside it since stays`() throws {
    var injected = try inject(Self.manifest)
    injected = injected.replacing(
      "configMap: {name: portarium}\n",
      with: "configMap: {name: portarium}\n  - name: tmp\n    emptyDir: {}\n")
    injected = injected.replacing(
      "    portarium.io/injected:", with: "    # ours\n    team: shop\n    portarium.io/injected:")
    let (text, warnings) = try removed(injected)
    #expect(warnings.isEmpty)
    let expected = """
      apiVersion: v1
      kind: Pod
      metadata:
        annotations:
          # ours
          team: shop
        name: p
      spec:
        volumes:
        - name: tmp
          emptyDir: {}
        containers:
        - name: app
          image: nginx
          securityContext:
            runAsUser: 1000
        - name: log
          image: x

      """
    #expect(text == expected)
  }

  @Test func `what was changed since stays, and is named`() throws {
    let injected = try inject(Self.manifest)
    let changed = injected.replacing(
      "      runAsUser: 1000", with: "      runAsUser: 1000\n      privileged: false"
    ).replacing(
      "      allowPrivilegeEscalation: false\n      capabilities: {drop: [ALL]}\n      runAsUser",
      with:
        "      allowPrivilegeEscalation: true\n      capabilities: {drop: [ALL]}\n      runAsUser")
    #expect(changed != injected)
    let (text, warnings) = try removed(changed)
    #expect(text.contains("allowPrivilegeEscalation: true"))
    #expect(!text.contains("drop"))
    #expect(warnings.count == 1)
    #expect(warnings[0].hasSuffix("has been changed since, and stays"))
  }

  @Test func `a default container that was chosen since stays`() throws {
    let injected = try inject(Self.manifest)
    let chosen = injected.replacing("default-container: app", with: "default-container: log")
    #expect(chosen != injected)
    #expect(try removed(chosen).text.contains("kubectl.kubernetes.io/default-container: log"))
    #expect(try removed(injected).text == Self.manifest)
  }

  @Test func `a container that is gone is named`() throws {
    let injected = try inject(Self.manifest).replacing("- name: log", with: "- name: logs")
    let (_, warnings) = try removed(injected)
    #expect(warnings.count == 1)
    #expect(warnings[0].contains("no container is called log any more"))
  }

  @Test(arguments: ["", "0.1.0 nothing", "0.1.0 app/", "0.1.0 /drop", "0.1.0  annotations", " "])
  func `an annotation that inject doesn't write is refused`(record: String) throws {
    let manifest =
      "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    portarium.io/injected: \"\(record)\"\n"
      + "spec: {containers: [{name: a, image: b}]}\n"
    let expected =
      "m.yaml:5:28: Pod: the annotation portarium.io/injected isn't as inject writes it"
    #expect(errors(manifest) == [expected])
    do throws(Injection.Failure) {
      _ = try Injection.remove(Array(manifest.utf8), file: "m.yaml")
      Issue.record("was taken")
    } catch {
      #expect(error.errors.map(\.description) == [expected])
    }
  }

  @Test func `what an older release added is replaced`() throws {
    let older = try inject(Self.manifest).replacing("\"\(Release.version) ", with: "\"0.0.9 ")
      .replacing("portarium-init:\(Release.version)", with: "portarium-init:0.0.9")
    #expect(older.contains("0.0.9"))
    #expect(try inject(older) == inject(Self.manifest))
  }
}
