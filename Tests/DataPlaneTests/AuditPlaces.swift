import Foundation
import Glibc
import Kernel

@testable import DataPlane

/// A directory of one test's own.
struct Place {
  private let directory: String

  static let umask: Int = {
    let mask = Glibc.umask(0)
    Glibc.umask(mask)
    return Int(mask)
  }()

  init() {
    directory = NSTemporaryDirectory() + "portarium-audit-\(UUID().uuidString.prefix(8))"
    try? FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
  }

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  func remove() { try? FileManager.default.removeItem(atPath: directory) }
}

/// What a file holds.
func text(_ path: String) -> String {
  (try? String(contentsOfFile: path, encoding: .utf8)) ?? "(unreadable)"
}

/// A Unix stream socket that a collector of audit lines listens on.
final class UnixListener {
  private let number: Int32
  private let path: String

  init(_ path: String) throws {
    self.path = path
    number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    unsafe unlink(path)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // The path is shorter than the room that an address has for it.
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
      unsafe room.copyBytes(from: path.utf8)
    }
    let bound = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard bound == 0, listen(number, 4) == 0 else { throw Errno(errno) }
  }

  /// Waits for a connection.
  func accept() throws -> UnixPeer {
    let accepted = Glibc.accept(number, nil, nil)
    guard accepted >= 0 else { throw Errno(errno) }
    return UnixPeer(accepted)
  }

  deinit { leave(number) }
}

/// The collector's end of a connection.
final class UnixPeer {
  private let number: Int32

  init(_ number: Int32) { self.number = number }

  /// Waits for something to read; empty at the end.
  func read(atMost limit: Int) -> String {
    var bytes = [UInt8](repeating: 0, count: limit)
    // `bytes` has room for the limit.
    let count = unsafe Glibc.read(number, &bytes, limit)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }

  deinit { leave(number) }
}

/// Ends a socket, also where a program that another test starts has inherited it.
private func leave(_ number: Int32) {
  shutdown(number, Int32(SHUT_RDWR))
  close(number)
}
