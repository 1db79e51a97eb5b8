import COpenSSL
import Foundation
import Glibc
import Kernel
import TLS
import Testing

@Suite("Keys in memory")
struct KeyMemoryTests {
  @Test(
    "a key is nowhere in the process once its SVID, its contexts and their sessions are gone",
    arguments: ["p-256", "rsa"])
  func forgotten(kind: String) throws {
    try #require(KeyMemory.isGuarded)
    let turned = try Certificates.bytes("secret/\(kind).turned")
    #expect(try Memory.count(turned) == 0)
    var holders: [SessionPair] = []
    try apart {
      var (chain, key) = (
        try Certificates.chain("secret/\(kind)"), try Certificates.key("secret/\(kind)")
      )
      let svid = try X509SVID(chainPEM: chain, keyPEM: key)
      unsafe key.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
      chain.removeAll()
      for _ in 0..<5 {
        let pair = try SessionPair(server: svid, client: svid)
        exchange(pair.client, pair.server)
        try #require(pair.server.isEstablished)
        holders.append(pair)
      }
    }
    #expect(try Memory.count(turned) > 0)
    holders.removeAll()
    #expect(try Memory.count(turned) == 0)
  }

  /// Keeps what `body` leaves behind out of the caller's frame.
  @inline(never)
  private func apart(_ body: () throws -> Void) throws { try body() }
}

/// The process's own memory.
enum Memory {
  /// How often a number of many bytes stands in writable memory, big-endian or little-endian.
  ///
  /// - Parameter turned: the number with each bit turned.
  static func count(_ turned: [UInt8]) throws -> Int {
    let file = unsafe open("/proc/self/mem", O_RDONLY | O_CLOEXEC)
    try #require(file >= 0)
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    // What was read must not be found by the next look.
    defer {
      unsafe buffer.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
    }
    var found = 0
    for region in try writableRegions() {
      var place = region.lowerBound
      while place < region.upperBound {
        let wanted = min(buffer.count, region.upperBound - place)
        let count = unsafe pread(file, &buffer, wanted, off_t(place))
        // A region that another thread has given back meanwhile.
        guard count > turned.count else { break }
        for number in [turned, turned.reversed()] {
          found += occurrences(of: number, in: buffer, count)
        }
        place += count == wanted && place + count < region.upperBound ? count - turned.count : count
      }
    }
    return found
  }

  private static func occurrences(of turned: [UInt8], in buffer: [UInt8], _ count: Int) -> Int {
    var found = 0
    // All pointers lie within the first `count` bytes of the buffer.
    unsafe buffer.withUnsafeBytes { bytes in
      var next = 0
      while next + turned.count <= count,
        let hit = unsafe memchr(
          bytes.baseAddress! + next, Int32(~turned[0]), count - turned.count + 1 - next)
      {
        let start = unsafe UnsafeRawPointer(hit) - bytes.baseAddress!
        if (1..<turned.count).allSatisfy({ unsafe bytes[start + $0] == ~turned[$0] }) {
          found += 1
        }
        next = start + 1
      }
    }
    return found
  }

  private static func writableRegions() throws -> [Range<Int>] {
    try SmallFile.read("/proc/self/maps", maximumBytes: 4 << 20).split(separator: "\n").compactMap {
      let fields = $0.split(separator: " ")
      guard fields[1].hasPrefix("rw"), !$0.hasSuffix("[vvar]") else { return nil }
      let ends = fields[0].split(separator: "-").compactMap { Int($0, radix: 16) }
      return ends.count == 2 ? ends[0]..<ends[1] : nil
    }
  }
}
