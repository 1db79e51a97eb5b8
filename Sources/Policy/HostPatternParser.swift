internal import Addressing

extension HostMatcher {
  /// Reads a `hostPattern`: a name, `*.suffix`, `*`, an address (IPv6 in brackets or not) or a
  /// CIDR block.
  package static func parse(_ pattern: String) throws(HostPatternError) -> HostPattern {
    guard !pattern.isEmpty else { throw .empty }
    // Nearly every pattern of a long list is a plain name, or one behind "*.".
    if pattern.utf8.allSatisfy(\.isPlain), !pattern.utf8.allSatisfy(\.isInAddress) {
      if !pattern.hasPrefix(".") { return HostPattern(matcher: .exact(try name(pattern))) }
    } else if pattern.hasPrefix("*."), pattern.utf8.dropFirst(2).allSatisfy(\.isPlain) {
      return try parseWildcard(pattern.dropFirst(2))
    }
    if let scheme = pattern.range(of: "://") {
      throw .hasScheme(host: String(host(ofAuthority: pattern[scheme.upperBound...])))
    }
    if pattern.contains("@") { throw .hasUserInfo }
    if let address = IPAddress(pattern) { return HostPattern(matcher: block(of: CIDR(address))) }
    if pattern.contains("/") { return HostPattern(matcher: try parseBlock(pattern)) }
    if pattern.contains(":") || pattern.contains("[") || pattern.contains("]") {
      return HostPattern(matcher: try parseBracketed(pattern))
    }
    if pattern == "*" { return HostPattern(matcher: .anyName, warnings: [.anyName]) }
    if pattern.hasPrefix("*.") { return try parseWildcard(pattern.dropFirst(2)) }
    guard !pattern.contains("*") else { throw .misplacedWildcard }
    guard !pattern.hasPrefix(".") || pattern == "." else {
      throw .leadingDot(suffix: String(pattern.dropFirst()))
    }
    return HostPattern(matcher: .exact(try name(pattern)))
  }

  private static func parseWildcard(_ text: Substring) throws(HostPatternError) -> HostPattern {
    guard !text.contains("*") else { throw .misplacedWildcard }
    let suffix = try name(String(text))
    switch PublicSuffix.section(of: suffix) {
    case .icann: throw .publicSuffix(suffix)
    case .shared:
      return HostPattern(matcher: .below(suffix), warnings: [.sharedSuffix(suffix)])
    case nil: return HostPattern(matcher: .below(suffix))
    }
  }

  private static func name(_ text: String) throws(HostPatternError) -> HostName {
    let name: HostName
    do { name = try HostName(text) } catch { throw .badName(error) }
    guard !name.endsInNumber else { throw .ambiguousAddress }
    return name
  }

  /// `address/length`; anything else with a slash in it is a path or a slip.
  private static func parseBlock(_ pattern: String) throws(HostPatternError) -> HostMatcher {
    if let block = CIDR(pattern) { return self.block(of: block) }
    let slash = pattern.firstIndex(of: "/") ?? pattern.endIndex
    let host = pattern[..<slash]
    guard let address = IPAddress(host) else {
      if host.contains("%") { throw .zoneIdentifier }
      if host.hasPrefix("[") || host.contains(":") { throw .badAddress }
      // What is no name either is told by the next line.
      if let name = try? HostName(String(host)), name.endsInNumber { throw .ambiguousAddress }
      throw .hasPath(host: String(host))
    }
    let digits = pattern[slash...].dropFirst()
    guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      digits.utf8.count == 1 || digits.first != "0",
      let length = Int(digits), let block = CIDR(containing: address, prefixLength: length)
    else { throw .badPrefixLength }
    throw .bitsBehindPrefix(block)
  }

  /// `[::1]`, and the texts with colons that are no address.
  private static func parseBracketed(_ pattern: String) throws(HostPatternError) -> HostMatcher {
    if pattern.contains("%") { throw .zoneIdentifier }
    if pattern.hasPrefix("["), let end = pattern.firstIndex(of: "]") {
      let inside = pattern[pattern.index(after: pattern.startIndex)..<end]
      guard let address = IPv6Address(inside) else { throw .badAddress }
      let rest = pattern[pattern.index(after: end)...]
      if rest.isEmpty { return block(of: CIDR(.v6(address))) }
      guard rest.hasPrefix(":") else { throw .badAddress }
      throw .hasPort(host: String(inside), port: String(rest.dropFirst()))
    }
    let parts = pattern.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, !pattern.contains("["), !pattern.contains("]") else {
      throw .badAddress
    }
    throw .hasPort(host: String(parts[0]), port: String(parts[1]))
  }

  /// A mapped block matches what its connections really reach: IPv4.
  private static func block(of block: CIDR) -> HostMatcher { .block(block.canonical) }

  /// The host of `user@host:port/path`, for an error's advice.
  private static func host(ofAuthority text: Substring) -> Substring {
    var host = text.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    if let at = host.lastIndex(of: "@") { host = host[host.index(after: at)...] }
    if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
      return host[host.index(after: host.startIndex)..<end]
    }
    return host.prefix { $0 != ":" }
  }
}

extension UInt8 {
  /// A byte that names are made of, and nothing else but IPv4 addresses.
  fileprivate var isPlain: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// A byte that IPv4 addresses are made of.
  fileprivate var isInAddress: Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || self == UInt8(ascii: ".")
  }
}

extension String {
  /// The first occurrence of `text`; the standard library has this only with Foundation.
  fileprivate func range(of text: String) -> Range<Index>? {
    guard utf8.contains(UInt8(ascii: ":")) else { return nil }
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
