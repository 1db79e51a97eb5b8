package import Addressing

/// What is known of a connection, or of one HTTP request on it, when it is judged.
package struct Flow: Sendable {
  /// What the workload's first bytes turned out to be.
  package enum Content: Sendable {
    case http(method: HTTPMethod)
    case tls(encryptedClientHello: Bool)
    /// Bytes that are neither TLS nor HTTP/1.
    case opaque
    /// No byte, or too few to tell, before the peek's deadline.
    case silent
    /// A tunnel that the proxy itself is asked to open, before it carries anything: methods are not
    /// looked at, since what it will carry is judged again.
    case tunnel
  }

  package var destination: OriginalDestination
  /// The name the workload gave in SNI or Host; nil where it gave none or an address literal.
  package var name: HostName?
  package var content: Content

  package init(destination: OriginalDestination, name: HostName?, content: Content) {
    self.destination = destination
    self.name = name
    self.content = content
  }

  /// A flow to a name that has no address yet: for the text of a reply, never to be judged. The
  /// address is of TEST-NET-1 (RFC 5737), which no text shows beside a name.
  package init(unresolved name: HostName, port: UInt16, content: Content) {
    let nowhere = IPAddress.v4(IPv4Address(rawValue: 0xc000_0201))
    self.init(
      destination: OriginalDestination(Endpoint(address: nowhere, port: port)), name: name,
      content: content)
  }

  package var method: HTTPMethod? { content.method }
}

extension Flow.Content {
  var method: HTTPMethod? {
    if case .http(let method) = self { method } else { nil }
  }
}
