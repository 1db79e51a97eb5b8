import Foundation
import Kernel
import TestNetwork
import Testing

/// Every way in which the file behind a path changes, on the kernel's own inotify.
@Suite("A watched path tells of")
struct PathWatchTests {
  /// One way to change a file.
  struct Way: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// Makes the volume that is watched.
    var setUp: @Sendable (Volume) throws -> Void = { try $0.write("config.yaml", "a") }
    /// The path that is watched, in the volume.
    var watched = "config.yaml"
    let change: @Sendable (Volume) throws -> Void
    let told: PathWatch.Change?

    init(
      _ description: String, setUp: (@Sendable (Volume) throws -> Void)? = nil,
      watched: String = "config.yaml", _ told: PathWatch.Change?,
      _ change: @escaping @Sendable (Volume) throws -> Void
    ) {
      testDescription = description
      if let setUp { self.setUp = setUp }
      self.watched = watched
      self.told = told
      self.change = change
    }
  }

  static let ways: [Way] = [
    Way("a file written in place", .closed) { try $0.write("config.yaml", ["b", "c"]) },
    Way("a file opened for writing and closed again", .closed) {
      try FileHandle(forWritingTo: URL(fileURLWithPath: $0.path("config.yaml"))).close()
    },
    Way("a file cut off, and nothing more", .underWay) {
      try $0.truncate("config.yaml")
    },
    Way("a file renamed over it", .movedIntoPlace) {
      try $0.write("config.yaml.tmp", "b")
      try $0.rename("config.yaml.tmp", "config.yaml")
    },
    Way("a file made writable for others", .underWay) {
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o666], ofItemAtPath: $0.path("config.yaml"))
    },
    Way("a file removed", .underWay) { try $0.remove("config.yaml") },
    Way("a file removed and written again", .closed) {
      try $0.remove("config.yaml")
      try $0.write("config.yaml", "b")
    },
    Way("a file moved away and back", .movedIntoPlace) {
      try $0.rename("config.yaml", "away")
      try $0.rename("away", "config.yaml")
    },
    Way("a file that was missing", setUp: { _ in }, .closed) { try $0.write("config.yaml", "a") },
    Way("a link put in its place", .underWay) {
      try $0.write("other", "b")
      try $0.remove("config.yaml")
      try $0.link("config.yaml", to: "other")
    },
    Way("nothing where its neighbours change", nil) {
      try $0.write("config.yaml.swp", "x")
      try $0.rename("config.yaml.swp", "config.yml")
      try $0.makeDirectory("d")
      try $0.remove("config.yml")
    },
    Way("nothing where it is read", nil) {
      _ = try String(contentsOfFile: $0.path("config.yaml"), encoding: .utf8)
    },
    // The old directory is removed after the swap; that is no news of the file.
    Way("a ConfigMap that is swapped", setUp: { try $0.swap("a") }, .movedIntoPlace) {
      try $0.swap("b")
    },
    Way("a ConfigMap that is swapped twice", setUp: { try $0.swap("a") }, .movedIntoPlace) {
      try $0.swap("b")
      try $0.swap("c")
    },
    Way(
      "a file written through a link",
      setUp: {
        try $0.makeDirectory("real")
        try $0.write("real/file", "a")
        try $0.link("config.yaml", to: "real/file")
      }, .closed
    ) { try $0.write("real/file", "b") },
    Way("a directory removed", setUp: inDirectory, watched: "etc/config.yaml", .underWay) {
      try $0.remove("etc")
    },
    // What happens in a directory before it is known is not told: the file is there by then.
    Way(
      "a directory removed and made again", setUp: inDirectory, watched: "etc/config.yaml",
      .underWay
    ) {
      try $0.remove("etc")
      try $0.makeDirectory("etc")
      try $0.rename("spare", "etc/config.yaml")
    },
    Way(
      "another directory in its place", setUp: inDirectory, watched: "etc/config.yaml",
      .movedIntoPlace
    ) {
      try $0.makeDirectory("new")
      try $0.write("new/config.yaml", "b")
      try $0.rename("etc", "old")
      try $0.rename("new", "etc")
    },
    Way("directories that were all missing", setUp: { _ in }, watched: "a/b/config.yaml", .underWay)
    {
      try $0.makeDirectory("a")
      try $0.makeDirectory("a/b")
      try $0.write("a/b/config.yaml", "b")
    },
    Way(
      "a file found by a way back up", setUp: inDirectory, watched: "etc/../etc/./config.yaml",
      .closed
    ) { try $0.write("etc/config.yaml", "b") },
    Way("links that lead in a circle and are mended", setUp: circle, .movedIntoPlace) {
      try $0.write("new", "b")
      try $0.rename("new", "config.yaml")
    },
  ]

  private static let inDirectory: @Sendable (Volume) throws -> Void = {
    try $0.makeDirectory("etc")
    try $0.write("etc/config.yaml", "a")
    try $0.write("spare", "b")
  }

  private static let circle: @Sendable (Volume) throws -> Void = {
    try $0.link("config.yaml", to: "other")
    try $0.link("other", to: "config.yaml")
  }

  @Test(arguments: ways) func change(_ way: Way) throws {
    let volume = try Volume()
    try way.setUp(volume)
    var watch = try PathWatch(volume.path(way.watched))
    try told(&watch, nil)
    try way.change(volume)
    try told(&watch, way.told)
    #expect(watch.blind == [])
  }

  /// Whatever happened before: the watch is where the path leads now.
  @Test(arguments: ways) func theNextChange(_ way: Way) throws {
    let volume = try Volume()
    try way.setUp(volume)
    var watch = try PathWatch(volume.path(way.watched))
    try way.change(volume)
    _ = try watch.take()
    let directory = (way.watched as NSString).deletingLastPathComponent
    if !FileManager.default.fileExists(atPath: volume.path(directory)) {
      try volume.makeDirectory(directory)
      _ = try watch.take()
    }
    try volume.write(way.watched, "z")
    try told(&watch, .closed)
    try told(&watch, nil)
  }

  @Test func `what is being written as something under way`() throws {
    let volume = try Volume()
    try volume.write("config.yaml", "a")
    var watch = try PathWatch(volume.path("config.yaml"))
    var meanwhile: PathWatch.Change?
    try volume.write("config.yaml", ["b", "c"]) { meanwhile = try watch.take() }
    #expect(meanwhile == .underWay)
    try told(&watch, .closed)
  }

  @Test func `lost events as something under way, and goes on`() throws {
    let volume = try Volume()
    try volume.write("config.yaml", "a")
    var watch = try PathWatch(volume.path("config.yaml"))
    let limit = try String(
      contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8)
    let count = try #require(Int(limit.trimmingCharacters(in: .whitespacesAndNewlines)))
    // Two names in turn: equal events behind each other are told once.
    let names = ["x", "y"].map { volume.path($0) }
    for index in 0...count {
      #expect(FileManager.default.createFile(atPath: names[index % 2], contents: nil))
      try FileManager.default.removeItem(atPath: names[index % 2])
    }
    // This one is among the lost.
    try volume.write("config.yaml", "b")
    let change = try watch.take()
    #expect(change != nil)
    try volume.write("config.yaml", "c")
    try told(&watch, .closed)
  }

  /// No watch is left behind, and no descriptor.
  @Test func `many swaps at the same cost`() throws {
    let volume = try Volume()
    try volume.swap("0")
    var watch = try PathWatch(volume.path("config.yaml"))
    let before = try Self.watches(of: volume)
    #expect(before > 0)
    for generation in 1...200 {
      try volume.swap("\(generation)")
      try told(&watch, .movedIntoPlace)
    }
    #expect(try Self.watches(of: volume) == before)
  }

  /// A child that another test is just starting may hold a copy of the file a moment longer than
  /// who wrote it: then the close comes late.
  private func told(
    _ watch: inout PathWatch, _ expected: PathWatch.Change?,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var change = try watch.take()
    let end = ContinuousClock.now + .seconds(10)
    while expected == .closed, change != .closed, ContinuousClock.now < end {
      watch.descriptor.waitReadable(milliseconds: 100)
      change = try watch.take() ?? change
    }
    #expect(change == expected, sourceLocation: sourceLocation)
  }

  /// The directories that are watched together with the volume, as /proc tells of each inotify
  /// descriptor of this process.
  private static func watches(of volume: Volume) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: volume.root)
    let inode = try #require(attributes[.systemFileNumber] as? Int)
    let mark = " ino:\(String(inode, radix: 16)) "
    return try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fdinfo").reduce(0) {
      let info = try? String(contentsOfFile: "/proc/self/fdinfo/\($1)", encoding: .utf8)
      guard let info, info.contains(mark) else { return $0 }
      return $0 + info.split(separator: "\n").count { $0.hasPrefix("inotify") }
    }
  }
}
