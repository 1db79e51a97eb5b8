import Addressing
import Configuration
import Foundation
import Testing

@testable import Capture

@Suite("The name servers of resolv.conf are found")
struct ResolverFileTests {
  @Test(
    "Servers in their order, each once",
    arguments: [
      ("", []),
      ("# nameserver 10.0.0.1\n; nameserver 10.0.0.2\n", []),
      ("search a.b\nnameserver 10.96.0.10\noptions ndots:5\n", ["10.96.0.10"]),
      (
        "nameserver\t10.0.0.1\r\nnameserver  10.0.0.2  # two\nnameserver 10.0.0.1",
        [
          "10.0.0.1", "10.0.0.2",
        ]
      ),
      ("nameserver fe80::1%eth0\nnameserver fd00::a\n", ["fe80::1", "fd00::a"]),
      ("nameserver ::ffff:10.0.0.1\n", ["10.0.0.1"]),
      ("  nameserver 10.0.0.1\n", ["10.0.0.1"]),
      ("nameservers 10.0.0.1\n", []),
    ])
  func servers(text: String, expected: [String]) throws {
    #expect(try ResolverFile.servers(in: text).map(\.description) == expected)
  }

  @Test(
    "A server that can't be read stops the run",
    arguments: [
      ("nameserver", 1), ("\nnameserver dns.local\n", 2), ("nameserver 10.0.0.256", 1),
      ("nameserver 10.0.0.1\nnameserver 10.0.0.1/8", 2), ("nameserver %eth0", 1),
    ])
  func badLines(text: String, line: Int) {
    #expect { try ResolverFile.servers(in: text) } throws: { error in
      (error as? ResolverFile.BadLine)?.line == line
    }
  }

  @Test("A plan without resolvers takes the file's, and says which file was wrong")
  func completing() throws {
    let plan = CapturePlan(capture: Configuration.Capture())
    let path = try temporaryFile("nameserver 10.0.0.1\n")
    let complete = try plan.completed(resolverFile: path)
    #expect(complete.capture.resolvers == [try #require(IPAddress("10.0.0.1"))])
    #expect(plan.nftText.hasPrefix("# resolvers4, resolvers6: "))
    #expect(!complete.nftText.contains("#"))
    #expect(throws: MachineError.self) { try plan.completed(resolverFile: "/nonexistent") }
  }
}

/// A file that lives as long as the machine cares to keep it.
func temporaryFile(_ text: String) throws -> String {
  let path = FileManager.default.temporaryDirectory
    .appendingPathComponent("portarium-\(UUID().uuidString)").path
  try text.write(toFile: path, atomically: true, encoding: .utf8)
  return path
}
