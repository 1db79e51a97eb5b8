import Foundation
import TestNetwork
import Testing

/// git over smart HTTP: gzipped requests, chunked packs both ways.
@Suite("git", .serialized, .enabled(if: Requirement.privileged))
struct ClientsGitTests {
  /// A repository with one file on the server, and the workload's git.
  struct Scene {
    let clients: ClientScene
    let root = Scratch.makeDirectory("repositories")
    let server: RunningProcess
    let content: Data

    /// - Parameters:
    ///   - encrypted: whether the server speaks TLS.
    ///   - explicitProxy: see `ClientScene`.
    init(encrypted: Bool = false, explicitProxy: Bool = false) throws {
      clients = try ClientScene(explicitProxy: explicitProxy)
      let seed = try clients.write("seed", 700_000)
      content = seed.data
      try RunningProcess(
        [
          "sh", "-ec",
          """
          git init -q --bare -b main '\(root)/code.git'
          git init -q -b main '\(root)/seed'
          cd '\(root)/seed'
          cp '\(seed.path)' content
          git add content
          git commit -q -m content
          git push -q ../code.git main
          """,
        ], environment: Self.identity
      ).wait().checked()
      let pair = try ClientScene.serviceCertificate()
      server =
        encrypted
        ? try clients.serve(
          "git_server.py", ProxyScene.raw4, "443", root, pair.certificate, pair.key)
        : try clients.serve("git_server.py", ProxyScene.raw4, "80", root)
    }

    static let identity = [
      "GIT_AUTHOR_NAME": "Workload", "GIT_AUTHOR_EMAIL": "workload@example.com",
      "GIT_COMMITTER_NAME": "Workload", "GIT_COMMITTER_EMAIL": "workload@example.com",
      "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
      "GIT_SSL_CAINFO": CertificateAuthority.certificatePath,
    ]

    func git(
      _ arguments: String..., environment: [String: String] = [:]
    ) throws -> Finished {
      try clients.run(
        ["git"] + arguments, environment: Self.identity.merging(environment) { $1 })
    }

    /// The commit that the server's repository is at.
    func head() throws -> String {
      try RunningProcess(["git", "-C", "\(root)/code.git", "rev-parse", "main"]).wait().checked()
        .output
    }
  }

  @Test("A clone is whole, and a push in chunks arrives")
  func cloneAndPush() throws {
    let scene = try Scene()
    let url = "http://\(ClientScene.service)/code.git"
    let clone = try scene.git("clone", "-q", url, "copy")
    #expect(clone.status == 0, "\(clone.errors)")
    #expect(scene.clients.file("copy/content") == scene.content)
    let more = try scene.clients.write("copy/more", 400_000)
    try scene.git("-C", "copy", "add", "more").checked()
    try scene.git("-C", "copy", "commit", "-q", "-m", "more").checked()
    // What is larger than the buffer goes in chunks.
    let push = try scene.git("-C", "copy", "-c", "http.postBuffer=65536", "push", "-q")
    #expect(push.status == 0, "\(push.errors)")
    #expect(try scene.head() == scene.git("-C", "copy", "rev-parse", "HEAD").output)
    let records = try scene.clients.records().http
    #expect(records.allSatisfy { $0.decision == "allow" && $0.status == 200 }, "\(records)")
    #expect(records.allSatisfy { $0.outcome == "completed" && $0.host == ClientScene.service })
    let pack = try #require(records.last { $0[text: "httpPath"] == "/code.git/git-receive-pack" })
    #expect((pack.sent ?? 0) > more.data.count)
    #expect(records.contains { ($0.received ?? 0) > scene.content.count })
  }

  @Test("A clone over TLS passes by its name, and a blocked one names the alert")
  func encrypted() throws {
    let scene = try Scene(encrypted: true)
    let clone = try scene.git("clone", "-q", "https://\(ClientScene.service)/code.git", "copy")
    #expect(clone.status == 0, "\(clone.errors)")
    #expect(scene.clients.file("copy/content") == scene.content)
    let blocked = try scene.git(
      "clone", "-q", "https://\(ClientScene.blockedService)/code.git", "other")
    #expect(blocked.status == 128)
    #expect(blocked.errors.contains(/(?i)access (was )?denied/), "\(blocked.errors)")
    let others = try scene.clients.records().others
    #expect(others.contains { $0.decision == "allow" && $0.host == ClientScene.service })
    let refused = others.filter { $0.decision == "deny" }
    ProxyScene.expect(
      refused, [denied("tls", "host-not-allowed", host: ClientScene.blockedService)])
  }

  @Test("A blocked host ends a clone with its 403 before the server hears of it")
  func blocked() throws {
    let scene = try Scene()
    let clone = try scene.git(
      "clone", "-q", "http://\(ClientScene.blockedService)/code.git", "copy")
    #expect(clone.status == 128)
    #expect(clone.errors.contains("403"), "\(clone.errors)")
    #expect(scene.server.errors.isEmpty)
    ProxyScene.expect(
      try scene.clients.records().http,
      [
        refused(
          "GET", "/code.git/info/refs", host: ClientScene.blockedService, "host-not-allowed")
      ])
  }

  @Test("Where only reading is allowed the POST of a clone is what fails")
  func method() throws {
    let scene = try Scene()
    let clone = try scene.git(
      "clone", "-q", "http://\(ClientScene.readableService)/code.git", "copy")
    #expect(clone.status == 128)
    #expect(clone.errors.contains("403"), "\(clone.errors)")
    let host = ClientScene.readableService
    ProxyScene.expect(
      try scene.clients.records().http,
      [
        answered("GET", "/code.git/info/refs", host: host),
        refused("POST", "/code.git/git-upload-pack", host: host, "method-not-allowed"),
      ])
  }
}
