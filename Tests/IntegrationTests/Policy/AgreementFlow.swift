import TestNetwork

/// A flow that a workload sends, and how `check` is asked about it.
struct AgreementFlow: Encodable, Sendable {
  enum Kind: String, Encodable { case http, tls, bytes }

  var kind: Kind
  /// Where it goes. A named one goes where no address rule is about.
  var address: String
  var port: Int
  /// In Host or SNI; empty for none.
  var host = ""
  var method = ""

  /// What tells its record from others.
  var key: String {
    isNamed ? "\(kind) \(host) \(port) \(method)" : "\(address) \(port)"
  }

  private var isNamed: Bool { !host.isEmpty && host != address }

  /// As an argument of `check`.
  var target: String {
    let host = isNamed ? self.host : address.contains(":") ? "[\(address)]" : address
    return switch kind {
    case .http: "http://\(host):\(port)/"
    case .tls: "https://\(host):\(port)/"
    case .bytes: "\(host):\(port)"
    }
  }

  static func key(of record: AuditRecord) -> String {
    let named = !record.host.isEmpty && record.host != record.address
    return named
      ? "\(record.flowProtocol) \(record.host) \(record.port ?? 0) \(record.method)"
      : "\(record.address) \(record.port ?? 0)"
  }
}

extension AgreementFlow {
  static let ports = [22, 80, 443, 5432, 8080, 8443]

  static let document = """
    workspaceId: ws-test
    workers: 2
    egress:
      allowlist:
        - {name: exact, hostPattern: api.example.com, ports: [443, 8443]}
        - {name: read, hostPattern: api.example.com, port: 80, allowedMethods: [GET, HEAD]}
        - {name: write, hostPattern: "*.write.example.com", ports: ["8000-8099"], allowedMethods: [POST, PUT]}
        - {name: below, hostPattern: "*.example.com", ports: [80, 443]}
        - {name: watched, hostPattern: watched.example.net, port: 80, allowedMethods: [GET], enforcementMode: monitor}
        - {name: quiet, hostPattern: "*.example.net", port: 443, allowEncryptedClientHello: false}
        - {name: idn, hostPattern: bücher.example}
        - {name: database, hostPattern: 10.79.1.0/24, port: 5432}
        - {name: block, hostPattern: 10.79.2.0/23, allowedMethods: [GET]}
        - {name: one, hostPattern: 10.79.4.1, ports: [80, 443]}
        - {name: wide, hostPattern: fd79::/112}
        - {name: six, hostPattern: "fd79::2:0/112", ports: [22, 80]}
    capture: {resolvers: [10.77.2.53]}
    """

  private static let names = [
    "api.example.com", "www.example.com", "a.b.example.com", "example.com", "x.write.example.com",
    "write.example.com", "badexample.com", "example.com.evil.test", "watched.example.net",
    "quiet.example.net", "example.net", "xn--bcher-kva.example", "a.xn--bcher-kva.example",
    "localhost", "under_score.example.com", "other.test",
  ]

  /// Each differs from all others in its key.
  static let all: [AgreementFlow] = {
    var flows: [AgreementFlow] = []
    for (index, name) in names.enumerated() {
      for port in ports {
        // Both families, each name at an address of its own.
        let address = (index + port) % 2 == 0 ? "10.78.0.\(index + 1)" : "fd78::\(index + 1)"
        for method in ["GET", "HEAD", "POST"] {
          flows.append(.init(kind: .http, address: address, port: port, host: name, method: method))
        }
        flows.append(.init(kind: .tls, address: address, port: port, host: name))
      }
    }
    var last = 10
    for block in ["10.79.1.", "10.79.2.", "10.79.3.", "10.79.5.", "fd79::", "fd79::2:", "fd79::3:"]
    {
      for port in ports {
        for kind in [Kind.http, .tls, .bytes] {
          last += 1
          let address = block + (block.hasSuffix(":") ? String(last, radix: 16) : "\(last)")
          flows.append(
            .init(
              kind: kind, address: address, port: port, host: kind == .http ? address : "",
              method: kind == .http ? "GET" : ""))
        }
      }
    }
    for port in ports { flows.append(.init(kind: .bytes, address: "10.79.4.1", port: port)) }
    return flows
  }()
}
