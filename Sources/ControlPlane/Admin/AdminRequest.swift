/// A request to the admin or the health port, as far as answers depend on it.
package struct AdminRequest: Sendable {
  package var method: String
  /// In origin form.
  package var target: String
  /// The only `host` field's value; nil where there is none, or more than one.
  package var host: String?
  package var origin: String?
  package var fetchSite: String?
  /// At most as long as the router takes one for this path.
  package var body: [UInt8]

  package init(
    method: String, target: String, host: String? = nil, origin: String? = nil,
    fetchSite: String? = nil, body: [UInt8] = []
  ) {
    self.method = method
    self.target = target
    self.host = host
    self.origin = origin
    self.fetchSite = fetchSite
    self.body = body
  }

  var path: String { String(target.prefix { $0 != "?" }) }

  /// Behind the first question mark; empty where there is none.
  var query: Substring { target.drop { $0 != "?" }.dropFirst() }

  /// Why a browser may have sent this for a page that somebody else made; nil where none did.
  ///
  /// A page that is shown in the pod can have its browser send a POST here, with our address in
  /// `host`; then the browser names the page's own in `origin`. Or the page's name may lead to our
  /// address by now (DNS rebinding), and that name is in `host`. So what changes something is taken
  /// only under our own address, and from no page of another.
  func foreignOrigin(adminPort: UInt16) -> String? {
    let names = ["127.0.0.1", "localhost", "[::1]"]
    let own = names.map { adminPort == 80 ? $0 : "\($0):\(adminPort)" }
    guard let host, own.contains(host.lowercased()) else {
      return "the host field must be \(own[0]), \(own[1]) or \(own[2]) here"
    }
    if let origin, origin.lowercased() != "http://\(host.lowercased())" {
      return "a page of another origin may not ask for this"
    }
    if let fetchSite, !["same-origin", "none"].contains(fetchSite) {
      return "a page of another origin may not ask for this"
    }
    return nil
  }
}

extension AdminRequest {
  /// A query's parameters in their order, percent-encoding undone; nil where that isn't well-formed.
  var parameters: [(name: String, value: String)]? {
    var found: [(String, String)] = []
    for part in query.split(separator: "&") {
      let key = part.prefix { $0 != "=" }
      guard let name = key.percentDecoded,
        let value = part.dropFirst(key.count + 1).percentDecoded
      else { return nil }
      found.append((name, value))
    }
    return found
  }
}

extension Substring {
  /// RFC 3986 §2.1, and `+` for a space. Nil where it is no encoding of UTF-8.
  fileprivate var percentDecoded: String? {
    var bytes: [UInt8] = []
    var rest = utf8[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 2 else { return nil }
        rest = rest.dropFirst(2)
        bytes.append(UInt8(digits[0] << 4 | digits[1]))
      default: bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
