import Addressing
import Testing

@Suite("A Workload Endpoint")
struct WorkloadEndpointTests {
  static let paths: [(text: String, path: String)] = [
    ("unix:///run/spire/sockets/agent.sock", "/run/spire/sockets/agent.sock"),
    ("unix:/run/agent.sock", "/run/agent.sock"),
    ("UNIX:///run/agent.sock", "/run/agent.sock"),
    ("unix:///run/a%20b%2Fc.sock", "/run/a b/c.sock"),
    ("unix:////run/agent.sock", "//run/agent.sock"),
    ("unix:///" + String(repeating: "a", count: 106), "/" + String(repeating: "a", count: 106)),
  ]

  @Test(arguments: paths) func isAUnixSocket(_ text: String, _ path: String) throws {
    #expect(try WorkloadEndpoint(text) == .unix(path: path))
  }

  static let endpoints: [(text: String, address: String, port: UInt16)] = [
    ("tcp://127.0.0.1:8000", "127.0.0.1", 8000),
    ("tcp://[::1]:1", "::1", 1),
    ("TCP://169.254.0.7:65535", "169.254.0.7", 65535),
  ]

  @Test(arguments: endpoints)
  func isATCPSocket(_ text: String, _ address: String, _ port: UInt16) throws {
    let endpoint = Endpoint(address: try #require(IPAddress(address)), port: port)
    #expect(try WorkloadEndpoint(text) == .tcp(endpoint))
    #expect(try WorkloadEndpoint("\(WorkloadEndpoint.tcp(endpoint))") == .tcp(endpoint))
  }

  static let refused: [(text: String, error: WorkloadEndpointError)] = [
    ("", .scheme), ("/run/agent.sock", .scheme), ("http://127.0.0.1:80", .scheme),
    ("unixx:///run/agent.sock", .scheme), (":///run", .scheme),
    ("unix://run/agent.sock", .unixAuthority), ("unix://localhost/run/agent.sock", .unixAuthority),
    ("unix:", .unixPath), ("unix://", .unixPath), ("unix:///", .unixPath),
    ("unix:run/agent.sock", .unixPath), ("unix:./agent.sock", .unixPath),
    ("unix:///" + String(repeating: "a", count: 107), .tooLong),
    ("unix:///run/%00", .encoding), ("unix:///run/%4", .encoding), ("unix:///run/%zz", .encoding),
    ("unix:///run/%ff", .encoding),
    ("unix:///run/agent.sock?x=1", .queryOrFragment), ("unix:///run/a#b", .queryOrFragment),
    ("tcp://127.0.0.1:80?x", .queryOrFragment), ("tcp://127.0.0.1:80#x", .queryOrFragment),
    ("tcp:127.0.0.1:80", .tcpAddress), ("tcp://localhost:80", .tcpAddress),
    ("tcp://:80", .tcpAddress), ("tcp://::1:80", .tcpAddress),
    ("tcp://[127.0.0.1]:80", .tcpAddress),
    ("tcp://[::1:80", .tcpAddress), ("tcp://[fe80::1%25eth0]:80", .tcpAddress),
    ("tcp://127.0.0.1", .tcpPort), ("tcp://127.0.0.1:", .tcpPort), ("tcp://127.0.0.1:0", .tcpPort),
    ("tcp://127.0.0.1:65536", .tcpPort), ("tcp://127.0.0.1:+80", .tcpPort),
    ("tcp://127.0.0.1:000080", .tcpPort), ("tcp://[::1]80", .tcpPort),
    ("tcp://127.0.0.1:8000/", .tcpPath), ("tcp://127.0.0.1:8000/foo", .tcpPath),
    ("tcp://me@127.0.0.1:8000", .userInformation),
  ]

  @Test(arguments: refused) func isRefused(_ text: String, _ error: WorkloadEndpointError) {
    #expect(throws: error) { try WorkloadEndpoint(text) }
  }

  @Test func `is refused with every reason that there is`() {
    #expect(Set(Self.refused.map(\.error)) == Set(WorkloadEndpointError.allCases))
  }

  @Test func `is the well-known socket by default`() throws {
    #expect(
      try WorkloadEndpoint("unix:///run/spire/sockets/agent.sock") == WorkloadEndpoint.wellKnown)
  }
}
