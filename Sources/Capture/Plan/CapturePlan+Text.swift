internal import Addressing
internal import Configuration

extension CapturePlan {
  /// The ruleset as `nft -s list table inet portarium` prints it after `apply`. Resolvers that only
  /// `apply` can know are empty sets, and a comment in front says so.
  package var nftText: String {
    let text = Ruleset(self).nftText
    guard capture.resolvers == nil else { return text }
    return "# \(SetName.resolvers4), \(SetName.resolvers6): filled by apply from "
      + "\(ResolverFile.standardPath)\n" + text
  }

  /// One line for a log, without a full stop.
  package var summary: String {
    var text = whose + " goes to port \(ports.proxy)"
    if capture.dns { return text + "; DNS goes to port \(ports.dns)" }
    guard capture.resolvers != nil else { return text }
    let direct = remoteResolvers
    text +=
      direct.isEmpty
      ? "; no resolver may be asked directly"
      : "; DNS may go to \(direct.map(\.description).joined(separator: ", "))"
    return text
  }

  private var whose: String {
    if let gateway = capture.gateway {
      return "TCP from \(list(gateway.sources)) on \(list(gateway.interfaces))"
    }
    return "TCP of all uids but \(list(capture.proxyUIDs))"
  }

  private func list(_ items: [some Any]) -> String {
    items.map { "\($0)" }.joined(separator: ", ")
  }
}
