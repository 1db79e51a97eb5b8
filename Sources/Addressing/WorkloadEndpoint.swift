/// Where the SPIFFE Workload API is served: `unix:///absolute/path` or `tcp://address:port`
/// (SPIFFE Workload Endpoint §4).
package enum WorkloadEndpoint: Hashable, Sendable {
  /// An absolute path of at most 107 bytes.
  case unix(path: String)
  case tcp(Endpoint)

  /// Names the endpoint where nothing else does.
  package static let variable = "SPIFFE_ENDPOINT_SOCKET"
  /// Where agents are found unless somebody says otherwise.
  package static let wellKnown = WorkloadEndpoint.unix(path: "/run/spire/sockets/agent.sock")

  /// What fits into a `sockaddr_un` with the zero byte behind it (unix(7)).
  private static let longestPath = 107

  /// - Parameter text: a URI as RFC 3986 writes it; the scheme in any case, percent-encoding in the
  ///   path undone.
  package init(_ text: String) throws(WorkloadEndpointError) {
    guard let colon = text.firstIndex(of: ":") else { throw .scheme }
    let rest = text[text.index(after: colon)...]
    switch text[..<colon].lowercased() {
    case "unix": self = .unix(path: try Self.path(rest))
    case "tcp": self = .tcp(try Self.endpoint(rest))
    default: throw .scheme
    }
  }

  /// `///path`, or `/path`: an authority that is empty is as good as none.
  private static func path(_ rest: Substring) throws(WorkloadEndpointError) -> String {
    if rest.contains(where: { $0 == "?" || $0 == "#" }) { throw .queryOrFragment }
    var path = rest
    if path.hasPrefix("//") {
      path = path.dropFirst(2)
      guard path.isEmpty || path.hasPrefix("/") else { throw .unixAuthority }
    }
    guard path.hasPrefix("/"), path.utf8.count > 1 else { throw .unixPath }
    guard let bytes = path.utf8.percentDecoded, !bytes.contains(0) else { throw .encoding }
    guard let decoded = String(validating: bytes, as: UTF8.self) else { throw .encoding }
    guard bytes.count <= longestPath else { throw .tooLong }
    return decoded
  }

  private static func endpoint(_ rest: Substring) throws(WorkloadEndpointError) -> Endpoint {
    if rest.contains(where: { $0 == "?" || $0 == "#" }) { throw .queryOrFragment }
    guard rest.hasPrefix("//") else { throw .tcpAddress }
    let authority = rest.dropFirst(2)
    if authority.contains("/") { throw .tcpPath }
    if authority.contains("@") { throw .userInformation }
    let host: Substring
    let port: Substring
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { throw .tcpAddress }
      host = authority[authority.index(after: authority.startIndex)..<end]
      port = authority[authority.index(after: end)...]
      guard case .v6? = IPAddress(host) else { throw .tcpAddress }
    } else {
      host = authority.prefix { $0 != ":" }
      port = authority[host.endIndex...]
      guard case .v4? = IPAddress(host) else { throw .tcpAddress }
    }
    let digits = port.dropFirst()
    guard port.hasPrefix(":"), digits.utf8.count <= 5,
      digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let number = UInt16(digits), number > 0, let address = IPAddress(host)
    else { throw .tcpPort }
    return Endpoint(address: address, port: number)
  }
}

extension WorkloadEndpoint: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unix(let path): "unix://\(path)"
    case .tcp(let endpoint): "tcp://\(endpoint)"
    }
  }
}

/// Why a text names no Workload Endpoint; the first fault counts.
package enum WorkloadEndpointError: Error, Hashable, Sendable, CaseIterable {
  /// Neither `unix:` nor `tcp:`.
  case scheme
  /// A host between the second and the third slash of a `unix` URI.
  case unixAuthority
  /// A `unix` URI without an absolute path.
  case unixPath
  /// A path longer than a Unix socket's may be.
  case tooLong
  /// Percent signs without two hex digits, a zero byte, or no UTF-8.
  case encoding
  /// A `tcp` URI whose host is no IP address; names are not looked up.
  case tcpAddress
  /// A `tcp` URI without a port of 1 to 65535.
  case tcpPort
  /// A `tcp` URI with something behind the port, if only a slash.
  case tcpPath
  case userInformation
  case queryOrFragment

  /// What is wrong, as the end of a sentence that begins with the text.
  package var sentence: String {
    switch self {
    case .scheme: "begins neither with unix:/// nor with tcp://"
    case .unixAuthority: "names a host, which a unix address has none of: write unix:///path"
    case .unixPath: "has no absolute path"
    case .tooLong: "has a path that is longer than a Unix socket's may be (107 bytes)"
    case .encoding: "has a path that is no percent-encoded UTF-8 text"
    case .tcpAddress: "has no IP address behind tcp://"
    case .tcpPort: "has no port from 1 to 65535"
    case .tcpPath: "has something behind the port"
    case .userInformation: "names a user"
    case .queryOrFragment: "has a query or a fragment"
    }
  }
}

extension Substring.UTF8View {
  /// RFC 3986 §2.1; nil where a percent sign stands before something else than two hex digits.
  fileprivate var percentDecoded: [UInt8]? {
    var bytes: [UInt8] = []
    var rest = self[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
      guard digits.count == 2 else { return nil }
      rest = rest.dropFirst(2)
      bytes.append(UInt8(digits[0] << 4 | digits[1]))
    }
    return bytes
  }
}
