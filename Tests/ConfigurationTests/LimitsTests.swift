import Configuration
import Testing

@Suite struct LimitsTests {
  /// Each limit's lowest and highest value, and the ones just outside.
  static let bounds = [
    ("peekSeconds", "0.001", "300", "0.000999999", "300.000000001"),
    ("peekBytes", "512", "65536", "511", "65537"),
    ("requestHeadSeconds", "0.001", "300", "0.000999999", "300.000000001"),
    ("requestHeadBytes", "1024", "1048576", "1023", "1048577"),
    ("requestHeadFields", "8", "1024", "7", "1025"),
    ("connectSeconds", "0.001", "300", "0.000999999", "300.000000001"),
    ("idleSeconds", "0.001", "604800", "0.000999999", "604800.000000001"),
    ("keepAliveSeconds", "0.001", "86400", "0.000999999", "86400.000000001"),
    ("halfClosedSeconds", "0.001", "86400", "0.000999999", "86400.000000001"),
    ("drainSeconds", "0", "3600", "-0.000000001", "3600.000000001"),
    ("maxConnections", "0", "10000000", "-1", "10000001"),
    ("bufferBytes", "1048576", "1073741824", "1048575", "1073741825"),
  ]

  @Test(arguments: bounds)
  func `accepts its bounds and nothing beyond`(
    key: String, lowest: String, highest: String, below: String, above: String
  ) throws {
    for value in [lowest, highest] {
      #expect(errors("workspaceId: w\nlimits: {\(key): \(value)}\n") == [])
    }
    for value in [below, above] {
      let found = errors("workspaceId: w\nlimits: {\(key): \(value)}\n")
      #expect(found.count == 1)
      #expect(
        found.first?.hasPrefix("c.yaml:2:\(12 + key.count): limits.\(key): must be between ")
          ?? false, "\(found)")
    }
  }

  @Test func `covers every limit that is declared`() throws {
    let limits = try #require(Document.schema.first { $0.name == "limits" })
    #expect(limits.flattened().dropFirst().map(\.key.name) == Self.bounds.map(\.0))
  }

  @Test(arguments: [
    ("workers", 1, 1024), ("proxyPort", 1, 65535), ("inboundPort", 1, 65535),
    ("adminPort", 1, 65535), ("dnsPort", 1, 65535), ("healthPort", 0, 65535),
  ])
  func `the top level's numbers accept their bounds and nothing beyond`(
    key: String, lowest: Int, highest: Int
  ) {
    for value in [lowest, highest] {
      #expect(errors("workspaceId: w\n\(key): \(value)\n") == [])
    }
    for value in [lowest - 1, highest + 1] {
      #expect(
        errors("workspaceId: w\n\(key): \(value)\n") == [
          "c.yaml:2:\(key.count + 3): \(key): must be between \(lowest) and \(highest), not \(value)"
        ])
    }
  }

  @Test(arguments: [
    ("proxyPort: 8080\nadminPort: 8080", "3:12: adminPort: 8080 is already the proxyPort (line 2)"),
    ("adminPort: 8080\nproxyPort: 8080", "3:12: proxyPort: 8080 is already the adminPort (line 2)"),
    ("healthPort: 15001", "2:13: healthPort: 15001 is already the proxyPort (its default)"),
    ("dnsPort: 15021", "2:10: dnsPort: 15021 is already the healthPort (its default)"),
    ("inboundPort: 15000", "2:14: inboundPort: 15000 is already the adminPort (its default)"),
  ])
  func `two listeners can't share a port`(lines: String, message: String) {
    #expect(errors("workspaceId: w\n\(lines)\n") == ["c.yaml:\(message)"])
  }

  @Test(arguments: [
    "proxyPort: 15000\nadminPort: 15001", "healthPort: 0\nproxyPort: 15021",
  ])
  func `ports that were swapped or freed are no clash`(lines: String) {
    #expect(errors("workspaceId: w\n\(lines)\n") == [])
  }
}
