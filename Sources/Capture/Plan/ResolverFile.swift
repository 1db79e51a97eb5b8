package import Addressing

/// What `resolv.conf` says about name servers (resolv.conf(5)).
package enum ResolverFile {
  package static let standardPath = "/etc/resolv.conf"

  /// A line that names a server which is none.
  package struct BadLine: Error, Hashable, Sendable {
    /// From 1.
    package var line: Int
    package var text: String
  }

  /// The servers in the order in which they are asked, each once. A zone (`fe80::1%eth0`) is left
  /// out: rules compare addresses alone.
  ///
  /// Lines that don't begin with `nameserver` are none of ours; one that does and can't be read is
  /// an error, since the workload would go without the server.
  package static func servers(in text: String) throws(BadLine) -> [IPAddress] {
    var servers: [IPAddress] = []
    // Not at "\n": to Swift, "\r\n" is one character that is neither.
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      let words = line.split { $0 == " " || $0 == "\t" }
      guard words.first == "nameserver" else { continue }
      guard words.count >= 2, let address = address(words[1]) else {
        throw BadLine(line: index + 1, text: String(line.prefix(80)))
      }
      if !servers.contains(address) { servers.append(address) }
    }
    return servers
  }

  private static func address(_ word: Substring) -> IPAddress? {
    let address =
      word.firstIndex(of: "%").map { IPv6Address(word[..<$0]).map { IPAddress.v6($0) } }
      ?? IPAddress(word)?.canonical
    return address.flatMap { $0.isUnicast ? $0 : nil }
  }
}
