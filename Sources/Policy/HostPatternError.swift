package import Addressing

/// Why a text is no host pattern. `description` is the sentence for the document's author.
package enum HostPatternError: Error, Hashable {
  case empty
  /// `https://github.com`; the host in it, where there is one.
  case hasScheme(host: String)
  /// `github.com:443`.
  case hasPort(host: String, port: String)
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
