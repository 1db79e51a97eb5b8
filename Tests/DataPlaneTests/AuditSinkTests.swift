import Foundation
import Kernel
import Testing

@testable import DataPlane

@Suite("Where audit lines go")
struct AuditSinkTests {
  private let one = "{\"a\":1}\n"
  private let two = "{\"b\":2}\n"

  @Test("A file is made for its owner and its group")
  func making() throws {
    let path = Place().path("audit.log")
    var sink = try AuditSink.open(.file(path: path))
    try sink.put(one)
    try sink.put(two)
    #expect(text(path) == one + two)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o640 & ~Place.umask)
  }

  @Test(
    "What a file holds already stays, and ours begins on a new line",
    arguments: [
      ("", ""), ("{\"old\":1}\n", "{\"old\":1}\n"), ("{\"old\":1}\n{\"ol", "{\"old\":1}\n{\"ol\n"),
      ("{", "{\n"), ("\n", "\n"),
    ])
  func appending(before: String, then: String) throws {
    let path = Place().path("audit.log")
    try before.write(toFile: path, atomically: false, encoding: .utf8)
    var sink = try AuditSink.open(.file(path: path))
    #expect(text(path) == before, "nothing is written before there is a line")
    try sink.put(one)
    #expect(text(path) == then + one)
  }

  @Test("Through a link the file is written that it leads to")
  func following() throws {
    let place = Place()
    try FileManager.default.createSymbolicLink(
      atPath: place.path("link"), withDestinationPath: "audit.log")
    var sink = try AuditSink.open(.file(path: place.path("link")))
    try sink.put(one)
    #expect(text(place.path("audit.log")) == one)
  }

  @Test(
    "What is no file is refused at once", arguments: ["directory", "fifo", "socket", "/dev/null"])
  func refusing(kind: String) throws {
    let place = Place()
    let path = kind.hasPrefix("/") ? kind : place.path(kind)
    var listener: UnixListener?
    switch kind {
    case "directory":
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    case "fifo": #expect(unsafe mkfifo(path, 0o600) == 0)
    case "socket": listener = try UnixListener(path)
    default: break
    }
    #expect(throws: AuditSink.OpenError.notAFile) { _ = try AuditSink.open(.file(path: path)) }
    _ = listener
  }

  @Test("A file or socket that can't be had says why")
  func absence() {
    let place = Place()
    #expect(throws: AuditSink.OpenError.refused(Errno(ENOENT))) {
      _ = try AuditSink.open(.file(path: place.path("none/audit.log")))
    }
    #expect(throws: AuditSink.OpenError.refused(Errno(ENOENT))) {
      _ = try AuditSink.open(.unixSocket(path: place.path("none.sock")))
    }
    #expect(throws: AuditSink.OpenError.refused(Errno(ENAMETOOLONG))) {
      _ = try AuditSink.open(.unixSocket(path: "/" + String(repeating: "s", count: 107)))
    }
  }

  @Test("A file that was renamed is left for a new one of the old name")
  func reopening() throws {
    let place = Place()
    let path = place.path("audit.log")
    var sink = try AuditSink.open(.file(path: path))
    try sink.put(one)
    try FileManager.default.moveItem(atPath: path, toPath: place.path("audit.log.1"))
    try sink.put(two)
    try sink.reopen(during: Span())
    try sink.put(one)
    #expect(text(place.path("audit.log.1")) == one + two)
    #expect(text(path) == one)
  }

  @Test("A file that can't be opened anew changes nothing")
  func failingToReopen() throws {
    let place = Place()
    let path = place.path("audit.log")
    var sink = try AuditSink.open(.file(path: path))
    try FileManager.default.moveItem(atPath: path, toPath: place.path("audit.log.1"))
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    do {
      try sink.reopen(during: Span())
      Issue.record("a directory was opened")
    } catch {
      #expect(error == .notAFile)
    }
    try sink.put(one)
    #expect(text(place.path("audit.log.1")) == one)
  }

  @Test("A line of which a part was written moves to the new file as a whole")
  func movingALine() throws {
    let place = Place()
    let path = place.path("audit.log")
    let batch = Array((one + two + one).utf8)
    var sink = try filled(path, with: batch.prefix(one.utf8.count + 3))
    #expect(text(path) == one + "{\"b")
    try FileManager.default.moveItem(atPath: path, toPath: place.path("audit.log.1"))
    try sink.reopen(during: batch.span)
    try sink.put(batch)
    #expect(text(place.path("audit.log.1")) == one)
    #expect(text(path) == two + one)
  }

  @Test("A line of which a part was written stays in one piece where the file is the same still")
  func reopeningTheSame() throws {
    let path = Place().path("audit.log")
    let batch = Array((one + two).utf8)
    var sink = try filled(path, with: batch.prefix(one.utf8.count + 3))
    try sink.reopen(during: batch.span)
    try sink.put(batch)
    #expect(text(path) == one + two)
  }

  @Test("A line of which a part was written is finished where it stands")
  func finishing() throws {
    let path = Place().path("audit.log")
    let batch = Array((one + two).utf8)
    var sink = try filled(path, with: batch.prefix(one.utf8.count + 3))
    try sink.put(batch)
    #expect(text(path) == one + two)
  }

  /// A sink whose disk took the beginning of a batch and was full then.
  private func filled(_ path: String, with beginning: ArraySlice<UInt8>) throws -> AuditSink {
    let file = try Descriptor.appending(to: path)
    #expect(file.write(Array(beginning).span) == .bytes(beginning.count))
    return AuditSink(target: .file(path: path), descriptor: file, written: beginning.count)
  }

  @Test("A socket whose peer left is connected again and gets the cut line as a whole")
  func reconnecting() throws {
    let path = Place().path("audit.sock")
    var listener: UnixListener? = try UnixListener(path)
    var sink = try AuditSink.open(.unixSocket(path: path))
    var peer: UnixPeer? = try listener!.accept()
    // Longer than the socket's buffer has room for.
    let long = "{\"x\":\"" + String(repeating: "x", count: 2 << 20) + "\"}\n"
    let batch = Array((one + long + two).utf8)
    var steps = [sink.advance(batch.span), sink.advance(batch.span)]
    #expect(steps == [.advanced, .wouldBlock])
    #expect(peer!.read(atMost: one.utf8.count) == one)
    peer = nil
    listener = nil
    steps = [sink.advance(batch.span), sink.advance(batch.span)]
    // Nobody listens for now.
    #expect(steps == [.failed(Errno(EPIPE)), .failed(Errno(ECONNREFUSED))])
    listener = try UnixListener(path)
    steps = [sink.advance(batch.span)]
    #expect(steps == [.advanced])
    let second = try listener!.accept()
    var read = ""
    while true {
      read += second.read(atMost: 1 << 20)
      if sink.advance(batch.span) == .done { break }
    }
    while read.utf8.count < long.utf8.count + two.utf8.count {
      read += second.read(atMost: 1 << 20)
    }
    #expect(read == long + two)
    withExtendedLifetime(peer) {}
  }
}

extension AuditSink {
  fileprivate mutating func put(_ lines: String) throws { try put(Array(lines.utf8)) }

  fileprivate mutating func put(_ batch: [UInt8]) throws {
    let step = advance(batch.span)
    try #require(step == .done)
  }
}
