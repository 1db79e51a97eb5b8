internal import Addressing

extension CapturePlan {
  /// The ruleset as `nft -s list table inet portarium` prints it after `apply`. Resolvers that only
  /// `apply` can know are empty sets, and a comment in front says so.
  package var nftText: String {
    let text = Ruleset(sidecar: self).nftText
    guard case .system = resolvers else { return text }
    return "# \(SetName.resolvers4), \(SetName.resolvers6): filled by apply from "
      + "\(ResolverFile.standardPath)\n" + text
  }

  /// One line for a log, without a full stop.
  package var summary: String {
    var text = "TCP of all uids but \(proxyUIDs.map(String.init).joined(separator: ", ")) goes to "
    text += "port \(ports.proxy)"
    guard case .listed(let addresses) = resolvers else { return text }
    let direct = addresses.filter { !$0.isOwnHost }
    if direct.isEmpty { return text + "; no resolver may be asked directly" }
    return text + "; DNS may go to \(direct.map(\.description).joined(separator: ", "))"
  }
}
