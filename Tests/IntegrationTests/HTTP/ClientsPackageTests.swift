import Foundation
import TestNetwork
import Testing

/// apt and pip, each with a repository of the test's own; the machine's settings and state are not
/// looked at.
@Suite("Package managers", .serialized, .enabled(if: Requirement.privileged))
struct ClientsPackageTests {
  // MARK: apt

  /// How many packages the repository has: enough for apt to pipeline its requests.
  static let parcels = 12

  /// A scene with a repository at `/files/apt` of the web names.
  func aptScene(explicitProxy: Bool = false) throws -> ClientScene {
    let scene = try ClientScene(explicitProxy: explicitProxy)
    try RunningProcess([
      "/usr/bin/python3", Scratch.script("packages.py"), "apt", "\(scene.web.root)/apt",
      "\(Self.parcels)",
    ]).wait().checked()
    return scene
  }

  /// Runs apt-get as the workload, for packages from `base` and from nowhere else.
  func apt(_ scene: ClientScene, from base: String, _ arguments: String...) throws -> Finished {
    try apt(scene, from: base, arguments)
  }

  func apt(
    _ scene: ClientScene, from base: String, _ arguments: [String],
    environment: [String: String] = [:]
  ) throws -> Finished {
    try scene.run(
      [
        "sh", "-ec",
        """
        mkdir -p state/lists/partial cache/archives/partial
        : >state/status
        echo 'deb [trusted=yes] \(base)/files/apt ./' >sources.list
        cat >apt.conf <<END
        Dir::Etc::Main "/nonexistent";
        Dir::Etc::Parts "/nonexistent";
        Dir::Etc::SourceList "\(scene.home)/sources.list";
        Dir::Etc::SourceParts "/nonexistent";
        Dir::Etc::Preferences "/nonexistent";
        Dir::Etc::PreferencesParts "/nonexistent";
        Dir::State "\(scene.home)/state";
        Dir::State::Status "\(scene.home)/state/status";
        Dir::Cache "\(scene.home)/cache";
        Dir::Log "\(scene.home)";
        Acquire::https::CAInfo "\(CertificateAuthority.certificatePath)";
        Acquire::Languages "none";
        Acquire::Retries "0";
        END
        exec apt-get "$@"
        """, "apt-get",
      ] + arguments,
      environment: ["APT_CONFIG": "\(scene.home)/apt.conf"].merging(environment) { $1 })
  }

  /// Whether all packages were downloaded as they are on the server.
  func hasAllParcels(_ scene: ClientScene) -> Bool {
    (0..<Self.parcels).allSatisfy { number in
      let name = "parcel-\(number)_1.0_all.deb"
      let served = FileManager.default.contents(atPath: "\(scene.web.root)/apt/\(name)")
      return served != nil && scene.file("cache/archives/\(name)") == served
    }
  }

  @Test("apt updates, and downloads its packages by pipelined requests")
  func aptAllowed() throws {
    let scene = try aptScene()
    let base = "http://\(ClientScene.readable)"
    let update = try apt(scene, from: base, "update")
    #expect(update.status == 0, "\(update.output)\(update.errors)")
    let install = try aptInstall(scene, from: base)
    #expect(install.status == 0, "\(install.output)\(install.errors)")
    #expect(hasAllParcels(scene))
    let records = try scene.records().http
    let packages = records.filter { $0[text: "httpPath"].hasSuffix(".deb") }
    #expect(packages.count == Self.parcels)
    for record in packages {
      ProxyScene.expect(
        [record], [allowed("http", host: ClientScene.readable, rule: "readable", status: 200)])
      #expect((record.received ?? 0) > 200_000)
    }
    #expect(Set(packages.compactMap { $0[number: "sourcePort"] }).count == 1)
    #expect(records.allSatisfy { $0.method == "GET" && $0.decision == "allow" })
  }

  func aptInstall(
    _ scene: ClientScene, from base: String, environment: [String: String] = [:]
  ) throws -> Finished {
    let names = (0..<Self.parcels).map { "parcel-\($0)" }
    return try apt(
      scene, from: base, ["install", "-y", "--download-only"] + names, environment: environment)
  }

  @Test("apt over TLS passes by its name")
  func aptEncrypted() throws {
    let scene = try aptScene()
    let base = "https://\(ClientScene.open)"
    let update = try apt(scene, from: base, "update")
    #expect(update.status == 0, "\(update.output)\(update.errors)")
    let install = try aptInstall(scene, from: base)
    #expect(install.status == 0, "\(install.output)\(install.errors)")
    #expect(hasAllParcels(scene))
    let records = try scene.records()
    #expect(records.http.isEmpty)
    #expect(!records.others.isEmpty)
    #expect(records.others.allSatisfy { $0.decision == "allow" && $0.host == ClientScene.open })
  }

  @Test(
    "apt names the 403 of a blocked host, and the alert over TLS", arguments: ["http", "https"])
  func aptBlocked(scheme: String) throws {
    let scene = try aptScene()
    let update = try apt(
      scene, from: "\(scheme)://\(ClientScene.blocked)", "update", "-o",
      "APT::Update::Error-Mode=any")
    #expect(update.status == 100)
    let said = update.output + update.errors
    #expect(said.contains(scheme == "http" ? "403" : "TLS fatal alert"), "\(said)")
    #expect(try scene.web.requests().isEmpty)
    let records = try scene.records()
    let refusals = records.http + records.others
    #expect(!refusals.isEmpty)
    #expect(
      refusals.allSatisfy { $0.reason == "host-not-allowed" && $0.host == ClientScene.blocked })
  }

  // MARK: pip

  /// A scene with an index at `/files/pip` of the web names, whose files are at `base`.
  func pipScene(filesAt base: String, explicitProxy: Bool = false) throws -> ClientScene {
    let scene = try ClientScene(explicitProxy: explicitProxy)
    try RunningProcess([
      "/usr/bin/python3", Scratch.script("packages.py"), "pip", "\(scene.web.root)/pip",
      "\(base)/files/pip",
    ]).wait().checked()
    return scene
  }

  static let wheel = "parcel-1.0-py3-none-any.whl"

  /// Runs `pip download parcel` as the workload, with the index of `base`.
  func pip(
    _ scene: ClientScene, from base: String, environment: [String: String] = [:]
  ) throws -> Finished {
    try scene.run(
      [
        "/usr/bin/python3", "-m", "pip", "download", "--isolated", "--no-cache-dir", "--no-deps",
        "--disable-pip-version-check", "--retries", "0", "--timeout", "20", "-vv",
        "--trusted-host", ClientScene.open, "--trusted-host", ClientScene.blocked,
        "--cert", CertificateAuthority.certificatePath,
        "--index-url", "\(base)/files/pip", "-d", "wheels", "parcel",
      ], environment: environment)
  }

  @Test("pip finds its package and downloads it", arguments: ["http", "https"])
  func pipAllowed(scheme: String) throws {
    let base = "\(scheme)://\(ClientScene.open)"
    let scene = try pipScene(filesAt: base)
    let download = try pip(scene, from: base)
    #expect(download.status == 0, "\(download.output)\(download.errors)")
    let served = try #require(
      FileManager.default.contents(atPath: "\(scene.web.root)/pip/\(Self.wheel)"))
    #expect(scene.file("wheels/\(Self.wheel)") == served)
    let records = try scene.records()
    if scheme == "http" {
      ProxyScene.expect(
        records.http,
        [answered("GET", "/files/pip/parcel/"), answered("GET", "/files/pip/\(Self.wheel)")])
      #expect((records.http.last?.received ?? 0) > served.count)
    } else {
      #expect(records.http.isEmpty)
      #expect(records.others.allSatisfy { $0.decision == "allow" && $0.host == ClientScene.open })
      #expect(records.others.reduce(0) { $0 + ($1.received ?? 0) } > served.count)
    }
  }

  @Test("pip shows the 403 of an index, and of a file that an allowed index leads to")
  func pipBlocked() throws {
    let open = "http://\(ClientScene.open)"
    let blocked = "http://\(ClientScene.blocked)"
    let scene = try pipScene(filesAt: blocked)
    for (index, path) in [(blocked, "/files/pip/parcel/"), (open, "/files/pip/\(Self.wheel)")] {
      let download = try pip(scene, from: index)
      #expect(download.status == 1)
      let said = download.output + download.errors
      #expect(said.contains("403"), "\(said)")
      #expect(said.contains("\(blocked)\(path)"), "\(said)")
      #expect(scene.file("wheels/\(Self.wheel)") == nil)
    }
    ProxyScene.expect(
      try scene.records().http,
      [
        refused(
          "GET", "/files/pip/parcel/", host: ClientScene.blocked, "host-not-allowed"),
        answered("GET", "/files/pip/parcel/"),
        refused(
          "GET", "/files/pip/\(Self.wheel)", host: ClientScene.blocked, "host-not-allowed"),
      ])
  }

  @Test("pip over TLS ends with the alert of a blocked index")
  func pipBlockedEncrypted() throws {
    let base = "https://\(ClientScene.blocked)"
    let scene = try pipScene(filesAt: base)
    let download = try pip(scene, from: base)
    #expect(download.status == 1)
    let said = download.output + download.errors
    #expect(said.contains(/(?i)access[ _]denied/), "\(said)")
    let others = try scene.records().others
    #expect(!others.isEmpty)
    #expect(others.allSatisfy { $0.reason == "host-not-allowed" && $0.host == ClientScene.blocked })
  }
}
