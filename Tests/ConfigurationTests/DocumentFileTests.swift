import Configuration
import Foundation
import Testing

/// setfsuid(2), which `Glibc` lacks: as whom the calling thread, and no other, opens files.
@_silgen_name("setfsuid") @discardableResult
private func setFileSystemUID(_ uid: UInt32) -> Int32

/// Files that can't be read: one sentence each, and none that hangs.
@Suite struct DocumentFileTests {
  /// A directory of its own for each test, gone afterwards.
  final class Directory {
    let path: String

    init() throws {
      path = NSTemporaryDirectory() + "portarium-configuration-" + UUID().uuidString
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String, _ content: Data) throws -> String {
      let file = path + "/" + name
      try content.write(to: URL(fileURLWithPath: file))
      return file
    }
  }

  private func failure(_ path: String) -> ConfigurationFailure? {
    do throws(ConfigurationFailure) {
      _ = try Document.load(path: path)
      return nil
    } catch {
      return error
    }
  }

  @Test func `reads a regular file, through symbolic links too`() throws {
    let directory = try Directory()
    let file = try directory.file("c.yaml", Data("workspaceId: w\n".utf8))
    let link = directory.path + "/..data"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
    #expect(try Document.load(path: file).document.workspaceId == "w")
    #expect(try Document.load(path: link).document.workspaceId == "w")
  }

  @Test func `names the file in its diagnostics`() throws {
    let directory = try Directory()
    let file = try directory.file("c.yaml", Data("workspaceId: w\nworkers: 0\n".utf8))
    #expect(
      failure(file)?.description
        == "\(file):2:10: workers: must be between 1 and 1024, not 0")
  }

  @Test func `a missing file`() throws {
    let path = try Directory().path + "/c.yaml"
    #expect(failure(path) == .unreadable(path: path, errno: ENOENT))
    #expect(
      failure(path)?.description
        == "\(path): the configuration can't be read: there is no such file")
  }

  @Test func `a directory`() throws {
    let directory = try Directory()
    #expect(
      failure(directory.path)?.description
        == "\(directory.path): the configuration can't be read: it is a directory")
  }

  @Test func `a path through a file`() throws {
    let file = try Directory().file("c.yaml", Data())
    #expect(failure(file + "/x")?.description.hasSuffix(": there is no such file") ?? false)
  }

  @Test func `a FIFO that nobody writes to`() throws {
    let directory = try Directory()
    let fifo = directory.path + "/fifo"
    try #require(unsafe mkfifo(fifo, 0o600) == 0)
    #expect(
      failure(fifo)?.description
        == "\(fifo): the configuration can't be read: it is not a regular file")
  }

  @Test func `a device`() {
    #expect(
      failure("/dev/zero")?.description
        == "/dev/zero: the configuration can't be read: it is not a regular file")
  }

  @Test func `links that lead in a circle`() throws {
    let directory = try Directory()
    let (a, b) = (directory.path + "/a", directory.path + "/b")
    try FileManager.default.createSymbolicLink(atPath: a, withDestinationPath: b)
    try FileManager.default.createSymbolicLink(atPath: b, withDestinationPath: a)
    #expect(
      failure(a)?.description
        == "\(a): the configuration can't be read: its symbolic links lead in a circle")
  }

  @Test func `a file that only its owner may read`() throws {
    let directory = try Directory()
    let file = try directory.file("c.yaml", Data("workspaceId: w\n".utf8))
    try #require(unsafe chmod(file, 0) == 0)
    // Root reads everything; this thread alone looks at files as somebody else meanwhile.
    setFileSystemUID(65534)
    let failure = failure(file)
    setFileSystemUID(geteuid())
    #expect(failure == .unreadable(path: file, errno: EACCES))
    #expect(failure?.description.contains(" has no permission to read it") ?? false)
  }

  @Test func `a file that breaks off with an error`() {
    #expect(
      failure("/proc/self/mem")?.description
        == "/proc/self/mem: the configuration can't be read: the device reports an input/output error"
    )
  }

  @Test func `a file of 16 MiB is read and a byte more is not`() throws {
    let directory = try Directory()
    let text = Data("workspaceId: w\n#".utf8)
    let padding = Data(repeating: UInt8(ascii: "x"), count: 16 << 20)
    let fits = try directory.file("fits.yaml", text + padding.dropFirst(text.count))
    #expect(failure(fits) == nil)
    let big = try directory.file("big.yaml", text + padding.dropFirst(text.count - 1))
    #expect(
      failure(big)?.description
        == "\(big): the configuration can't be read: it is larger than 16 MiB")
  }
}
