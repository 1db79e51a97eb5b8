import Foundation
import TestNetwork
import Testing

/// The same programs where they are told of the proxy, as most are told in containers.
@Suite("Clients with a proxy set", .serialized, .enabled(if: Requirement.privileged))
struct ClientsExplicitTests {
  static let proxy = "http://127.0.0.1:15001"
  static let environment = [
    "http_proxy": proxy, "https_proxy": proxy, "HTTP_PROXY": proxy, "HTTPS_PROXY": proxy,
    "no_proxy": "", "NO_PROXY": "",
  ]
  static let open = ClientScene.open
  static let blocked = ClientScene.blocked
  static let authority = CertificateAuthority.certificatePath

  /// Every record of a scene is of the proxy's own connections: none went around it.
  func expectThroughProxy(
    _ records: [AuditRecord], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(!records.isEmpty, sourceLocation: sourceLocation)
    #expect(
      records.allSatisfy { $0[text: "sourceAddress"] == "127.0.0.1" }, "\(records)",
      sourceLocation: sourceLocation)
  }

  @Test("curl: absolute-form, tunnels to both ports, and what is refused")
  func curl() throws {
    let scene = try ClientScene(explicitProxy: true)
    let curl = [
      "curl", "-sS", "--cacert", Self.authority, "-x", Self.proxy, "-w", "\n%{http_code}",
    ]
    let absolute = try scene.run(curl + ["http://\(Self.open)/a"])
    #expect(absolute.lines == ["GET http \(Self.open) /a", "200"], "\(absolute.errors)")
    let tunnel = try scene.run(curl + ["-p", "http://\(Self.open)/b"])
    #expect(tunnel.lines == ["GET http \(Self.open) /b", "200"], "\(tunnel.errors)")
    let encrypted = try scene.run(curl + ["https://\(Self.open)/c"])
    #expect(encrypted.lines == ["GET https \(Self.open) /c", "200"], "\(encrypted.errors)")

    let plain = try scene.run(curl + ["http://\(Self.blocked)/d"])
    #expect(plain.lines.last == "403")
    #expect(plain.output.contains(#""reason":"host-not-allowed""#))
    for options in [["-p", "http://\(Self.blocked)/e"], ["https://\(Self.blocked)/f"]] {
      let untunnelled = try scene.run(curl + options)
      #expect(untunnelled.status == 56, "\(untunnelled.errors)")
      #expect(untunnelled.errors.contains("403"), "\(untunnelled.errors)")
    }
    // The tunnel is for one name, the hello in it names another.
    let other = try scene.run(
      curl + ["--connect-to", "\(Self.blocked):443:\(Self.open):443", "https://\(Self.blocked)/g"])
    #expect(other.status == 35, "\(other.errors)")
    #expect(try scene.web.requests(atLeast: 3).map(\.uri) == ["/a", "/b", "/c"])
    let (records, _) = try scene.proxy.sidecar.drain()
    expectThroughProxy(records)
    // A tunnel has a record of its own, and so has each request in it that can be read.
    let byCONNECT = ["httpMethod": "CONNECT"]
    ProxyScene.expect(
      records,
      [
        answered("GET", "/a"),
        allowed("http", host: Self.open).merging(byCONNECT) { $1 },
        answered("GET", "/b"),
        allowed("tls", host: Self.open).merging(byCONNECT) { $1 },
        refused("GET", "/d", host: Self.blocked, "host-not-allowed"),
        denied("http", "host-not-allowed", host: Self.blocked).merging(byCONNECT) { $1 },
        denied("http", "host-not-allowed", host: Self.blocked).merging(byCONNECT) { $1 },
        denied("tls", "destination-mismatch", host: Self.open).merging(byCONNECT) { $1 },
      ])
  }

  @Test("Libraries: one session over the proxy", arguments: [true, false])
  func libraries(usesAiohttp: Bool) throws {
    let library: ClientsLibraryTests.Library = usesAiohttp ? .aiohttp : .requests
    let scene = try ClientScene(explicitProxy: true)
    let content = try scene.publish("content", 2_000_000)
    let upload = try scene.write("upload", 500_000)
    let finished = try scene.run(
      library.command + [
        "get http://\(Self.open)/files/content", "stream upload http://\(Self.open)/uploads/sent",
        "get https://\(Self.open)/files/content", "get http://\(Self.blocked)/",
        "get https://\(Self.blocked)/",
      ], environment: library.trust.merging(Self.environment) { $1 }
    ).checked()
    let seen = try finished.lines.map { try ProxyScene.fields($0) }
    #expect(seen.prefix(4).map { $0["status"] } == ["200", "201", "200", "403"], "\(seen)")
    #expect(seen[0]["sha256"] == content.sha256)
    #expect(scene.uploaded("sent") == upload.data)
    #expect(seen[2]["sha256"] == content.sha256)
    #expect(seen[3]["reason"] == "host-not-allowed")
    #expect(seen[4]["error"]?.contains("403") == true, "\(seen)")
    let (records, _) = try scene.proxy.sidecar.drain()
    expectThroughProxy(records)
    #expect(records.count { $0.decision == "allow" } == 3, "\(records)")
    #expect(records.filter { $0.decision == "deny" }.allSatisfy { $0.host == Self.blocked })
  }

  @Test("wget, by its environment")
  func wget() throws {
    let scene = try ClientScene(explicitProxy: true)
    for (url, status) in [
      ("http://\(Self.open)/a", 0), ("https://\(Self.open)/b", 0), ("http://\(Self.blocked)/c", 8),
      ("https://\(Self.blocked)/d", 4),
    ] {
      let got = try scene.run(
        ClientsWgetTests.wget + ["-O-", "--ca-certificate=\(Self.authority)", url],
        environment: Self.environment)
      #expect(got.status == status, "\(url): \(got.errors)")
      #expect(got.errors.contains(/403|Forbidden/) == (status != 0), "\(got.errors)")
    }
    #expect(try scene.web.requests(atLeast: 2).map(\.uri) == ["/a", "/b"])
    expectThroughProxy(try scene.proxy.sidecar.drain().records)
  }

  @Test("git, by its environment", arguments: [false, true])
  func git(encrypted: Bool) throws {
    let scene = try ClientsGitTests.Scene(encrypted: encrypted, explicitProxy: true)
    let scheme = encrypted ? "https" : "http"
    let clone = try scene.git(
      "clone", "-q", "\(scheme)://\(ClientScene.service)/code.git", "copy",
      environment: Self.environment)
    #expect(clone.status == 0, "\(clone.errors)")
    #expect(scene.clients.file("copy/content") == scene.content)
    let blocked = try scene.git(
      "clone", "-q", "\(scheme)://\(ClientScene.blockedService)/code.git", "other",
      environment: Self.environment)
    #expect(blocked.status == 128)
    #expect(blocked.errors.contains("403"), "\(blocked.errors)")
    let (records, _) = try scene.clients.proxy.sidecar.drain()
    expectThroughProxy(records)
    #expect(
      records.filter { $0.decision == "deny" }.map(\.reason) == ["host-not-allowed"], "\(records)")
  }

  @Test("apt, by its environment", arguments: ["http", "https"])
  func apt(scheme: String) throws {
    let packages = ClientsPackageTests()
    let scene = try packages.aptScene(explicitProxy: true)
    let base = "\(scheme)://\(Self.open)"
    let update = try packages.apt(scene, from: base, ["update"], environment: Self.environment)
    #expect(update.status == 0, "\(update.output)\(update.errors)")
    let install = try packages.aptInstall(scene, from: base, environment: Self.environment)
    #expect(install.status == 0, "\(install.output)\(install.errors)")
    #expect(packages.hasAllParcels(scene))
    let blocked = try packages.apt(
      scene, from: "\(scheme)://\(Self.blocked)",
      ["update", "-o", "APT::Update::Error-Mode=any"], environment: Self.environment)
    #expect(blocked.status == 100)
    #expect((blocked.output + blocked.errors).contains("403"), "\(blocked.output)")
    let (records, _) = try scene.proxy.sidecar.drain()
    expectThroughProxy(records)
    #expect(records.contains { $0.decision == "deny" && $0.host == Self.blocked })
  }

  @Test("pip, by its environment", arguments: ["http", "https"])
  func pip(scheme: String) throws {
    let packages = ClientsPackageTests()
    let base = "\(scheme)://\(Self.open)"
    let scene = try packages.pipScene(filesAt: base, explicitProxy: true)
    // `--isolated` has pip ignore its own variables, not these.
    let download = try packages.pip(scene, from: base, environment: Self.environment)
    #expect(download.status == 0, "\(download.output)\(download.errors)")
    #expect(
      scene.file("wheels/\(ClientsPackageTests.wheel)")
        == FileManager.default.contents(
          atPath: "\(scene.web.root)/pip/\(ClientsPackageTests.wheel)"))
    try scene.run(["rm", "-r", "wheels"]).checked()
    let blocked = try packages.pip(
      scene, from: "\(scheme)://\(Self.blocked)", environment: Self.environment)
    #expect(blocked.status == 1)
    #expect((blocked.output + blocked.errors).contains("403"), "\(blocked.output)")
    let (records, _) = try scene.proxy.sidecar.drain()
    expectThroughProxy(records)
    #expect(records.contains { $0.decision == "deny" && $0.host == Self.blocked })
  }
}
