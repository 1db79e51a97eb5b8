import Foundation
import TestNetwork
import Testing

/// Programs that people run, as the workload: what each of them reaches, and what it is told where
/// it may not.
///
/// Files under `web.root` are at `/files/` of every web name, see `WebServer`. The `service` names
/// lead to servers that a test starts at `ProxyScene.raw4`.
final class ClientScene {
  let proxy: ProxyScene
  var web: WebServer { proxy.web }
  /// The workload's home: a directory it may write to, and where its programs start.
  let home = Scratch.makeDirectory("home")

  /// Allowed on 80 and 443, whatever the method.
  static let open = "api.example.com"
  /// Allowed on 80, to read.
  static let readable = "www.example.com"
  /// On no rule.
  static let blocked = "other.example.net"
  /// Like `open` and `readable`, with a test's own server behind them.
  static let service = "service.example.com"
  static let readableService = "mirror.example.com"
  static let blockedService = "service.example.net"

  static let rules = """
    {name: open, hostPattern: api.example.com, ports: [80, 443]}
    {name: readable, hostPattern: www.example.com, port: 80, allowedMethods: [GET, HEAD]}
    {name: service, hostPattern: service.example.com, ports: [80, 443]}
    {name: mirror, hostPattern: mirror.example.com, port: 80, allowedMethods: [GET, HEAD]}
    """

  /// - Parameter explicitProxy: whether the sidecar may be asked as a proxy, too.
  init(explicitProxy: Bool = false) throws {
    proxy = try ProxyScene(
      allowlist: Self.rules, egress: explicitProxy ? "explicitProxy: true" : "")
    var names = Dictionary(
      uniqueKeysWithValues: ProxyScene.names.map { ($0, [ProxyScene.web4, ProxyScene.web6]) })
    for name in [Self.service, Self.readableService, Self.blockedService] {
      names[name] = [ProxyScene.raw4]
    }
    try proxy.network.pod.names(names)
  }

  /// Runs a program as the workload, in its home.
  func run(
    _ command: [String], environment: [String: String] = [:], input: Data? = nil
  ) throws -> Finished {
    try proxy.network.pod.run(
      ["env", "-C", home] + command, as: .workload,
      environment: ["HOME": home].merging(environment) { $1 }, input: input, timeout: 60)
  }

  // MARK: Content

  /// Bytes that don't compress, and what they are known by.
  struct Content {
    let data: Data
    let path: String
    let sha256: String
  }

  /// A file that the web servers give out under `/files/NAME`.
  func publish(_ name: String, _ count: Int) throws -> Content {
    try make("\(web.root)/\(name)", count)
  }

  /// A file of the workload's.
  func write(_ name: String, _ count: Int) throws -> Content { try make("\(home)/\(name)", count) }

  private func make(_ path: String, _ count: Int) throws -> Content {
    let random = try #require(FileHandle(forReadingAtPath: "/dev/urandom"))
    let data = try #require(try random.read(upToCount: count))
    try data.write(to: URL(fileURLWithPath: path))
    let sum = try RunningProcess(["sha256sum", path]).wait().checked().output
    return Content(data: data, path: path, sha256: String(sum.prefix(64)))
  }

  /// What an upload to `/uploads/NAME` left on the server; nil for nothing.
  func uploaded(_ name: String) -> Data? {
    FileManager.default.contents(atPath: "\(web.root)/\(name)")
  }

  /// A file in the workload's home.
  func file(_ name: String) -> Data? { FileManager.default.contents(atPath: "\(home)/\(name)") }

  // MARK: Servers

  /// Starts one of the scripts as a server in the world, and waits until it is ready.
  func serve(_ script: String, _ arguments: String...) throws -> RunningProcess {
    let server = try proxy.network.world.start(
      ["/usr/bin/python3", Scratch.script(script)] + arguments)
    try server.waitForLine("ready") { $0 == "ready" }
    return server
  }

  /// A certificate and key for the `service` names, as arguments.
  static func serviceCertificate() throws -> (certificate: String, key: String) {
    try CertificateAuthority.server([service, readableService, blockedService])
  }

  // MARK: Records

  /// Ends the sidecar: its HTTP records in their order, and those of other flows in theirs. Only
  /// within each is the order of independent connections certain: a tunnel's record is written when
  /// both sides have closed.
  func records() throws -> (http: [AuditRecord], others: [AuditRecord]) {
    let (records, status) = try proxy.sidecar.drain()
    #expect(status == 0)
    let http = records.filter { $0.flowProtocol == "http" }
    return (http, records.filter { $0.flowProtocol != "http" })
  }
}

/// The fields of an allowed request's record.
func answered(
  _ method: String, _ path: String, host: String = ClientScene.open, _ status: Int = 200
) -> [String: String] {
  allowed("http", host: host, status: status)
    .merging(["httpMethod": method, "httpPath": path]) { $1 }
}

/// The fields of a refused request's record.
func refused(
  _ method: String, _ path: String, host: String, _ reason: String
) -> [String: String] {
  denied("http", reason, host: host)
    .merging(["httpMethod": method, "httpPath": path, "responseStatus": "403"]) { $1 }
}
