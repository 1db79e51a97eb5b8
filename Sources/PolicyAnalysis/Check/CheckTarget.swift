package import Addressing
package import Policy

/// What `check` is asked about: a URL, `host:port` or `block:port`, as the flow the data plane would
/// see.
package struct CheckTarget: Sendable {
  /// Stands for the address that a name would resolve to: no rule's block is tried on it
  /// (TEST-NET-1, RFC 5737).
  package static let placeholder = IPAddress.v4(IPv4Address(rawValue: 0xc000_0201))

  /// As it was written, for the output.
  package let text: String
  package let flow: Flow
  /// True where the target is an address, so that the flow's destination is real.
  package let namesAddress: Bool
  /// Set where all addresses of a block are meant; the flow's destination is the first.
  package let block: CIDR?
}

/// Why a text is no target. `description` is the sentence for the person who wrote it.
package enum CheckTargetError: Error, Hashable {
  case empty
  /// A URL of a scheme that is neither http nor https.
  case unsupportedScheme(String)
  /// A URL with a user name or password in it, which nobody should write down.
  case hasUserInfo
  case noHost
  /// A host alone: which port, and TLS or not, decides.
  case noPort
  case badPort(String)
  /// An IPv6 address outside brackets, or brackets that hold none.
  case badAddress
  case zoneIdentifier
  /// What stands behind the slash is no prefix length of the address, or leaves bits set behind it.
  case badBlock
  /// `127.1`, `0x7f000001`: clients disagree about what it is.
  case ambiguousAddress
  case badName(HostName.ParseError)
}

extension CheckTarget {
  /// Reads `http://…`, `https://…`, `host:port` or `block:port`. The method counts for http, where it can be
  /// seen; the path never does.
  ///
  /// `host:port` is TLS with that name in the hello, or, for an address, a protocol that is
  /// neither TLS nor HTTP.
  package init(_ text: String, method: HTTPMethod) throws(CheckTargetError) {
    guard !text.isEmpty else { throw .empty }
    self.text = text
    let parts = try TargetParts(text)
    let host = try TargetHost(parts.host)
    let content: Flow.Content =
      switch (parts.scheme, host) {
      case (.http, _): .http(method: method)
      case (.https, _), (nil, .name): .tls(encryptedClientHello: false)
      case (nil, .address), (_, .block): .opaque
      }
    let address: IPAddress
    let name: HostName?
    switch host {
    case .name(let host):
      (address, name, namesAddress, block) = (Self.placeholder, host, false, nil)
    case .address(let host): (address, name, namesAddress, block) = (host, nil, true, nil)
    case .block(let host): (address, name, namesAddress, block) = (host.base, nil, true, host)
    }
    flow = Flow(
      destination: OriginalDestination(Endpoint(address: address, port: parts.port)), name: name,
      content: content)
  }
}

/// The scheme, host and port of a target, not yet judged.
private struct TargetParts {
  enum Scheme: String {
    case http, https

    var defaultPort: UInt16 { self == .http ? 80 : 443 }
  }

  let scheme: Scheme?
  /// With its brackets, if any.
  let host: Substring
  let port: UInt16

  init(_ text: String) throws(CheckTargetError) {
    let authority: Substring
    if let end = text.endOfScheme {
      let name = text[..<end].lowercased()
      guard let known = Scheme(rawValue: name) else { throw .unsupportedScheme(name) }
      scheme = known
      authority = text[text.index(end, offsetBy: 3)...].prefix { !"/?#".contains($0) }
    } else {
      scheme = nil
      authority = text[...]
    }
    guard !authority.contains("@") else { throw .hasUserInfo }

    let colon: Substring.Index?
    if authority.hasPrefix("[") {
      guard let close = authority.firstIndex(of: "]") else { throw .badAddress }
      // A block's length stands behind the bracket, or in it.
      var next = authority.index(after: close)
      if next < authority.endIndex, authority[next] == "/" {
        next = authority[next...].firstIndex(of: ":") ?? authority.endIndex
      }
      guard next == authority.endIndex || authority[next] == ":" else { throw .badAddress }
      colon = next == authority.endIndex ? nil : next
    } else {
      colon = authority.firstIndex(of: ":")
      guard colon == authority.lastIndex(of: ":") else { throw .badAddress }
    }
    host = authority[..<(colon ?? authority.endIndex)]
    guard !host.isEmpty else { throw .noHost }

    let digits = colon.map { authority[authority.index(after: $0)...] } ?? ""
    if digits.isEmpty, let scheme {
      port = scheme.defaultPort
    } else if colon == nil {
      throw .noPort
    } else if digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = UInt16(digits), number > 0
    {
      port = number
    } else {
      throw .badPort(String(digits))
    }
  }
}

private enum TargetHost {
  case name(HostName)
  case address(IPAddress)
  case block(CIDR)

  init(_ text: Substring) throws(CheckTargetError) {
    if let block = try Self.block(text) {
      self = block
    } else if text.hasPrefix("[") {
      guard text.hasSuffix("]") else { throw .badAddress }
      let inside = text.dropFirst().dropLast()
      guard !inside.contains("%") else { throw .zoneIdentifier }
      guard let address = IPv6Address(inside) else { throw .badAddress }
      self = .address(.v6(address))
    } else if let address = IPv4Address(text) {
      self = .address(.v4(address))
    } else {
      let name: HostName
      do { name = try HostName(String(text)) } catch { throw .badName(error) }
      guard !name.endsInNumber else { throw .ambiguousAddress }
      self = .name(name)
    }
  }

  /// Nil for what has no slash behind an address. `[2001:db8::]/32` and `[2001:db8::/32]` are the
  /// same.
  private static func block(_ text: Substring) throws(CheckTargetError) -> TargetHost? {
    let bare = text.filter { $0 != "[" && $0 != "]" }
    guard let slash = bare.firstIndex(of: "/"), IPAddress(bare[..<slash]) != nil else { return nil }
    guard let block = CIDR(bare)?.canonical else { throw .badBlock }
    return block.prefixLength == block.base.bitWidth ? .address(block.base) : .block(block)
  }
}

extension String {
  /// Where the first `://` begins; nil where there is none.
  fileprivate var endOfScheme: Index? {
    indices.first { self[$0...].hasPrefix("://") }
  }
}

extension CheckTargetError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .empty: "The target is empty."
    case .unsupportedScheme(let scheme):
      "URLs of the scheme \"\(scheme)\" are not judged; write http://, https:// or host:port."
    case .hasUserInfo:
      "The target holds a user name or password; leave it out, the policy doesn't look at it."
    case .noHost: "The target names no host."
    case .noPort: "A host alone is not enough: write a URL or host:port."
    case .badPort(let port): "\"\(port)\" is no port: it must be a number from 1 to 65535."
    case .badAddress: "An IPv6 address stands in brackets, as in [2001:db8::1]:443."
    case .zoneIdentifier: "An address with a zone (\"%eth0\") can't be judged."
    case .badBlock:
      "A block is an address without bits set behind its prefix, and its length: 10.0.0.0/8."
    case .ambiguousAddress:
      "The host could be read as an IPv4 address in more than one way; write four decimal numbers "
        + "without leading zeros."
    case .badName(.empty): "The host name is empty."
    case .badName(.tooLong):
      "The host name is longer than \(HostName.maximumLength) bytes."
    case .badName(.badLabel): "Each label of the host name must have 1 to 63 bytes."
    case .badName(.badByte): "The host name holds a character that no host name has."
    case .badName(.notInternationalized): "IDNA2008 has no form for the host name."
    }
  }
}
