import Addressing
import Foundation
import Kernel
import Logging
import TLS
import TestNetwork
import Testing

@testable import ControlPlane

/// An identity in files that change while it is in force.
@Suite("An identity in files")
struct SVIDFileTests {
  static let authority = Result { try SPIFFEAuthority(trustDomain: "files.test") }

  /// What a kubelet mounts: a directory with the three files, and SVIDs to put there.
  final class Mount {
    let volume: Volume
    let authority: SPIFFEAuthority
    let files: SVIDFiles
    private var generation = 0

    init() throws {
      volume = try Volume()
      authority = try SVIDFileTests.authority.get()
      files = SVIDFiles(
        certificatePath: volume.path("tls.crt"), keyPath: volume.path("tls.key"),
        bundlePath: volume.path("ca.crt"), checkInterval: 3_600_000_000_000)
    }

    struct Texts {
      var certificate: String
      var key: String
      var bundle: String

      var all: [(name: String, text: String)] {
        [("tls.crt", certificate), ("tls.key", key), ("ca.crt", bundle)]
      }
    }

    /// A new SVID, not there yet.
    func issued(_ path: String = "/a") throws -> Texts {
      let svid = try authority.svid(path)
      return Texts(
        certificate: try String(contentsOfFile: svid.certificatePath, encoding: .utf8),
        key: try String(contentsOfFile: svid.keyPath, encoding: .utf8),
        bundle: try String(contentsOfFile: authority.bundlePath, encoding: .utf8))
    }

    func write(_ texts: Texts) throws {
      for (name, text) in texts.all { try volume.write(name, text) }
    }

    /// Each file is finished elsewhere and moved into place.
    func rename(_ texts: Texts) throws {
      for (name, text) in texts.all {
        try volume.write("new", text)
        try volume.rename("new", name)
      }
    }

    /// All at once, as where a Secret is mounted.
    func swap(_ texts: Texts) throws {
      generation += 1
      let new = "..2026_\(generation)"
      try volume.makeDirectory(new)
      for (name, text) in texts.all { try volume.write("\(new)/\(name)", text) }
      try volume.link("..data_tmp", to: new)
      try volume.rename("..data_tmp", "..data")
      guard generation == 1 else { return }
      for (name, _) in texts.all { try volume.link(name, to: "..data/\(name)") }
    }
  }

  /// A source at work on its thread.
  final class Source {
    let watched = Watched()
    let state = IdentityState(source: .files)
    let provider: IdentityProvider

    init(_ files: SVIDFiles) throws {
      provider = try IdentityProvider(
        .files(files), state: state, userAgent: "test", log: watched.logger(),
        change: { [watched] in watched.note($0) })
    }

    deinit { provider.stop() }
  }

  // MARK: What is read

  @Test func `is read from one certificate, one key and one bundle`() throws {
    let mount = try Mount()
    try mount.write(mount.issued("/ns/a/sa/b"))
    let identity = try SVIDFileSet(mount.files).identity(at: 7)
    #expect("\(identity.svid.id)" == "spiffe://files.test/ns/a/sa/b")
    #expect(identity.domains == ["files.test"])
    #expect(identity.source == .files)
    #expect(identity.obtainedAt == 7)
  }

  @Test func `is read anew where the files are swapped meanwhile`() throws {
    let mount = try Mount()
    try mount.swap(mount.issued("/old"))
    let new = try mount.issued("/new")
    var attempts = 0
    let set = try SVIDFileSet(mount.files) { attempt in
      attempts += 1
      if attempt == 0 { try? mount.swap(new) }
    }
    #expect(attempts == 2)
    #expect("\(try set.identity(at: 0).svid.id)" == "spiffe://files.test/new")
  }

  @Test func `is not read where the files never rest`() throws {
    let mount = try Mount()
    let texts = try mount.issued()
    try mount.rename(texts)
    #expect(throws: IdentityFailure.unsettled) {
      try SVIDFileSet(mount.files) { _ in try? mount.rename(texts) }
    }
  }

  // MARK: What changes

  enum Way: CaseIterable { case write, rename, swap }

  @Test("takes effect however the files are changed", arguments: Way.allCases)
  func rotation(_ way: Way) throws {
    let mount = try Mount()
    let change = [Way.write: mount.write, .rename: mount.rename, .swap: mount.swap][way]
    try change?(mount.issued("/1"))
    let source = try Source(mount.files)
    weak let first = try source.watched.waitForChange(1)?.svid
    #expect(first.map { "\($0.id)" } == "spiffe://files.test/1")
    for number in 2...4 {
      try change?(mount.issued("/\(number)"))
      // One file after the other may be seen half way: what is in force is what came last.
      let id = "spiffe://files.test/\(number)"
      try source.watched.wait(for: id) { $0.identity.map { "\($0.svid.id)" } == id ? () : nil }
    }
    #expect(source.state.now.lastError == nil)
    #expect(source.state.now.identity?.svid === source.watched.identity?.svid)
    source.watched.forget()
    #expect(first == nil)
  }

  @Test func `may come later than the process`() throws {
    let mount = try Mount()
    let source = try Source(mount.files)
    try source.watched.waitForLine("No such file or directory")
    #expect(source.state.now.identity == nil)
    try mount.swap(mount.issued("/late"))
    #expect(try source.watched.waitForChange(1) != nil)
  }

  /// What goes wrong with the files, and what is said.
  static let mistakes: [(name: String, change: @Sendable (Mount) throws -> Void, said: String)] = [
    (
      "a key of another certificate",
      { try $0.volume.write("tls.key", $0.issued().key) }, "the private key is not"
    ),
    (
      "a certificate of another key",
      { try $0.volume.write("tls.crt", $0.issued().certificate) }, "the private key is not"
    ),
    (
      "half a certificate",
      { try $0.volume.write("tls.crt", String($0.issued().certificate.prefix(300))) },
      "the SVID can't be used"
    ),
    (
      "half a key", { try $0.volume.write("tls.key", String($0.issued().key.prefix(100))) },
      "the SVID can't be used"
    ),
    (
      "half a bundle", { try $0.volume.write("ca.crt", String($0.issued().bundle.prefix(300))) },
      "the trust bundle can't be used"
    ),
    ("an empty key", { try $0.volume.truncate("tls.key") }, "the SVID can't be used"),
    ("no certificate", { try $0.volume.remove("tls.crt") }, "No such file or directory"),
    (
      "a directory in place of the bundle",
      {
        try $0.volume.remove("ca.crt")
        try $0.volume.makeDirectory("ca.crt")
      }, "Is a directory"
    ),
    (
      "a key as long as a disk",
      { try $0.volume.write("tls.key", String(repeating: "x", count: SVIDFiles.longest + 1)) },
      "is longer than"
    ),
    (
      "no certificate but a key in its place",
      { try $0.volume.write("tls.crt", $0.issued().key) }, "the SVID can't be used"
    ),
  ]

  @Test("stays what it was", arguments: mistakes.indices)
  func mistake(_ index: Int) throws {
    let mistake = Self.mistakes[index]
    let mount = try Mount()
    let good = try mount.issued("/good")
    try mount.write(good)
    let source = try Source(mount.files)
    let before = try #require(try source.watched.waitForChange(1))
    try mistake.change(mount)
    let line = try source.watched.waitForLine(mistake.said)
    #expect(line.contains("the identity before stays in force"), "\(mistake.name)")
    #expect(source.state.now.identity?.svid === before.svid)
    #expect(source.state.now.lastError?.contains(mistake.said) == true)
    #expect(source.watched.changes.count == 1)
    // Mended, another one takes effect.
    if FileManager.default.fileExists(atPath: mount.volume.path("ca.crt")) {
      try mount.volume.remove("ca.crt")
    }
    try mount.write(mount.issued("/mended"))
    let id = "spiffe://files.test/mended"
    try source.watched.wait(for: id) { $0.identity.map { "\($0.svid.id)" } == id ? () : nil }
    #expect(source.state.now.lastError == nil)
    for text in [good.key, try mount.issued().key] {
      let secret = text.split(separator: "\n")[1]
      #expect(!source.watched.lines.contains { $0.contains(secret) })
    }
  }

  // MARK: Without a watch

  /// What the control thread of a source does, with a clock of the test's own.
  @Test func `is looked at now and then, and the same files are no news`() throws {
    let mount = try Mount()
    try mount.write(mount.issued("/1"))
    let state = IdentityState(source: .files)
    let watched = Watched()
    var reloader = SVIDFileReloader(
      mount.files, state: state, log: watched.logger(), publish: { watched.note($0) })
    reloader.check(at: 1)
    reloader.check(at: 2)
    #expect(watched.changes.count == 1)
    try mount.rename(mount.issued("/2"))
    reloader.check(at: 3)
    #expect(watched.changes.count == 2)
    #expect(state.now.identity?.obtainedAt == 3)
    try mount.volume.truncate("tls.key")
    reloader.check(at: 4)
    reloader.check(at: 5)
    #expect(state.now.failures == 1)
    #expect(state.now.lastErrorAt == 4)
  }

  @Test func `has an end, which is said once, and no more where the clock goes back`() throws {
    let mount = try Mount()
    try mount.write(mount.issued())
    let state = IdentityState(source: .files)
    let watched = Watched()
    var reloader = SVIDFileReloader(
      mount.files, state: state, log: watched.logger(), publish: { watched.note($0) })
    reloader.check(at: 1)
    let end = try #require(state.now.identity).svid.notAfter
    func said() -> Int { watched.lines.count { $0.contains("has expired") } }
    reloader.checkExpiry(at: end - 1)
    #expect(said() == 0)
    #expect(state.now.usable(at: end - 1) != nil)
    reloader.checkExpiry(at: end)
    reloader.checkExpiry(at: end + 1)
    #expect(said() == 1)
    #expect(state.now.usable(at: end) == nil)
    // The clock was wrong.
    reloader.checkExpiry(at: end - 1)
    #expect(state.now.usable(at: end - 1) != nil)
    reloader.checkExpiry(at: end)
    #expect(said() == 2)
  }

  @Test func `gives no tokens`() throws {
    let mount = try Mount()
    let source = try Source(mount.files)
    let line = LogLines()
    source.provider.fetchJWTSVID(audience: ["me"]) { result in
      if case .failure(let failure) = result { line.logger().info("\(failure)") }
    }
    #expect(line.all.contains { $0.contains("from the Workload API alone") })
  }
}
