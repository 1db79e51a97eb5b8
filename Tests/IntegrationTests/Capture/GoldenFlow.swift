import Addressing

/// A line of a `.flows` file: who sends what, and where it goes.
///
///     WHO PROTOCOL DESTINATION [from ADDRESS] [via DEVICE] -> VERDICT
///
/// WHO is `uid N`, `uid N gid N` (both in the pod) or a place; without a gid it is the uid's number.
/// PROTOCOL is `tcp`, `udp` or `icmp` (a ping). DESTINATION is `HOST:PORT`, for a ping `HOST`; HOST is
/// an address or a place, in brackets where IPv6 is meant.
struct GoldenFlow {
  enum Kind: String { case tcp, udp, icmp }

  let line: String
  /// Where it is sent; the pod for uids.
  let place: String
  let uid: UInt32
  let gid: UInt32
  let kind: Kind
  /// An address, or the name of a place.
  let host: String
  let isIPv6: Bool
  /// 0 for pings.
  let port: UInt16
  let source: String?
  /// The device it leaves on, where that isn't eth0.
  let device: String?
  let verdict: String

  struct Malformed: Error, CustomStringConvertible {
    let line: String
    var description: String { "no flow: \(line)" }
  }

  /// The flows of a file, without its comments.
  static func all(in text: String) throws(Malformed) -> [GoldenFlow] {
    var flows: [GoldenFlow] = []
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      guard let flow = GoldenFlow(String(line)) else { throw Malformed(line: String(line)) }
      flows.append(flow)
    }
    return flows
  }

  init?(_ line: String) {
    var words = line.split(separator: " ").map(String.init)[...]
    guard let arrow = words.firstIndex(of: "->"), arrow + 1 < words.endIndex else { return nil }
    self.line = line
    verdict = words[(arrow + 1)...].joined(separator: " ")
    words = words[..<arrow]
    func value(of name: String) -> String? {
      guard words.first == name, words.count > 1 else { return nil }
      defer { words = words.dropFirst(2) }
      return words.dropFirst().first
    }
    if let uid = value(of: "uid") {
      guard let uid = UInt32(uid) else { return nil }
      let gid = value(of: "gid").map(UInt32.init) ?? uid
      guard let gid else { return nil }
      (place, self.uid, self.gid) = ("pod", uid, gid)
    } else {
      guard let name = words.popFirst() else { return nil }
      (place, uid, gid) = (name, 0, 0)
    }
    guard let kind = words.popFirst().flatMap(Kind.init), let destination = words.popFirst() else {
      return nil
    }
    self.kind = kind
    guard let (host, port) = Self.parts(of: destination, hasPort: kind != .icmp) else { return nil }
    self.port = port
    isIPv6 = host.hasPrefix("[")
    self.host = isIPv6 ? String(host.dropFirst().dropLast()) : host
    source = value(of: "from")
    device = value(of: "via")
    guard words.isEmpty else { return nil }
  }

  private static func parts(
    of destination: String, hasPort: Bool
  ) -> (host: String, port: UInt16)? {
    guard hasPort else { return (destination, 0) }
    guard let colon = destination.lastIndex(of: ":"),
      let port = UInt16(destination[destination.index(after: colon)...])
    else { return nil }
    return (String(destination[..<colon]), port)
  }
}
