package import Addressing

/// Why a text is no host pattern. `description` is the sentence for the document's author.
package enum HostPatternError: Error, Hashable {
  case empty
  /// `https://github.com`; the host in it, where there is one.
  case hasScheme(host: String)
  /// `github.com:443`.
  case hasPort(host: String, port: String)
  /// `user@github.com`, with a password or without.
  case hasUserInfo
  /// `github.com/path`.
  case hasPath(host: String)
  /// `.github.com`, as some proxies write a wildcard.
  case leadingDot(suffix: String)
  /// A `*` that is neither the whole pattern nor its first label.
  case misplacedWildcard
  /// A wildcard directly on a suffix of the public-suffix list's ICANN section.
  case publicSuffix(HostName)
  /// `127.1`, `0x7f000001`, `010.0.0.1`: resolvers take it for an address, and not all for the
  /// same one.
  case ambiguousAddress
  /// Brackets or colons that hold no IPv6 address.
  case badAddress
  /// `fe80::1%eth0`.
  case zoneIdentifier
  /// What stands behind the slash is no prefix length for the address before it.
  case badPrefixLength
  /// `10.1.2.3/8`: bits are set behind the prefix; the block that was probably meant.
  case bitsBehindPrefix(CIDR)
  case badName(HostName.ParseError)
}

extension HostPatternError: CustomStringConvertible {
  /// A clause that stands after the place of the error: what is wrong and what to write instead.
  package var description: String {
    switch self {
    case .empty:
      "a host pattern can't be empty"
    case .hasScheme(let host):
      "a host pattern holds no scheme" + Self.advice(host)
    case .hasPort(let host, let port) where !port.isEmpty && port.utf8.allSatisfy(Self.isDigit):
      "a host pattern holds no port" + Self.advice(host, "and put \(port) under \"port\"")
    case .hasPort(let host, _):
      "a host pattern holds no port" + Self.advice(host, "and put the port under \"port\"")
    case .hasUserInfo:
      "a host pattern holds no user name or password"
    case .hasPath(let host):
      "a host pattern holds no path" + Self.advice(host)
    case .leadingDot(let suffix):
      "a host pattern can't begin with a dot" + Self.advice("*." + suffix, "for the names below it")
    case .misplacedWildcard:
      "\"*\" stands alone or as the first label (\"*.example.com\"); for addresses write a CIDR block"
    case .publicSuffix(let suffix):
      "\"\(suffix)\" is a public suffix: \"*.\(suffix)\" would allow hosts of any owner"
    case .ambiguousAddress:
      "this could be read as an IPv4 address in more than one way; write four decimal numbers "
        + "without leading zeros"
    case .badAddress:
      "this is no IPv6 address"
    case .zoneIdentifier:
      "an address in a host pattern has no zone (\"%eth0\")"
    case .badPrefixLength:
      "what stands behind the slash is no prefix length (0 to 32 for IPv4, 0 to 128 for IPv6)"
    case .bitsBehindPrefix(let block):
      "bits are set behind the prefix; write \"\(block.base)/\(block.prefixLength)\""
    case .badName(let error):
      switch error {
      case .empty: "a host name can't be empty"
      case .tooLong: "a host name has at most \(HostName.maximumLength) bytes"
      case .badLabel: "each label of a host name has 1 to 63 bytes"
      case .badByte: "a host name holds letters, digits, \"-\", \"_\" and \".\" only"
      case .notInternationalized: "IDNA2008 has no form for this host name"
      }
    }
  }
}

extension HostPatternError {
  /// What to write instead, where the text left over is one that can be shown.
  private static func advice(_ host: String, _ rest: String? = nil) -> String {
    let isPlain = host.unicodeScalars.allSatisfy {
      $0.isASCII ? (0x21...0x7e).contains($0.value) : $0.properties.isAlphabetic
    }
    guard isPlain, (1...HostName.maximumLength).contains(host.utf8.count) else { return "" }
    return "; write \"\(host)\"" + (rest.map { " " + $0 } ?? "")
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}

extension HostPatternWarning: CustomStringConvertible {
  /// A clause that stands after the place of the warning.
  package var description: String {
    switch self {
    case .anyName:
      "\"*\" allows every host that has a name"
    case .sharedSuffix(let suffix):
      "anyone can get a name below \"\(suffix)\": \"*.\(suffix)\" allows hosts of any owner"
    }
  }
}
