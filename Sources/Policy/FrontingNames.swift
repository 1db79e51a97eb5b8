internal import Addressing

/// Names that an encrypted ClientHello (RFC 9849) shows in place of the one the client wants.
///
/// Browsers put an encrypted hello of random bytes into every hello (GREASE), and the wire does
/// not tell that from a real one: its mere presence says nothing, and the outer name is judged.
/// Refused are the outer names that exist only to stand for others.
struct FrontingNames: Sendable {
  static let known = FrontingNames()

  /// The public names in the ECH configurations of operators that front for many sites.
  private let names = ["cloudflare-ech.com", "cloudflare-esni.com"].map { text in
    // Dropping one that was misspelt here would let it pass.
    guard let name = try? HostName(text) else { preconditionFailure("\(text) is no host name") }
    return name
  }

  /// True where `flow` offers an encrypted hello behind one of the names.
  func hideName(of flow: borrowing Flow) -> Bool {
    guard case .tls(encryptedClientHello: true) = flow.content, let name = flow.name else {
      return false
    }
    let names = self.names.span
    for index in names.indices where names[index] == name { return true }
    return false
  }
}
