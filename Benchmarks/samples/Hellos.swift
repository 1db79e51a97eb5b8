/// ClientHellos as real clients send them.
package enum Hellos {
  package static let name = "api.example.com"

  /// As OpenSSL sends it: 517 bytes, padded.
  package static let plain = HelloBuilder.padded(name: name, to: 512).bytes

  /// As a browser sends it: a post-quantum key share, an encrypted hello that may be no such thing,
  /// and some more extensions.
  package static let postQuantum = postQuantumBuilder.bytes

  /// The same in records of 256 bytes.
  package static let fragmented = postQuantumBuilder.bytes(split: 256)

  private static var postQuantumBuilder: HelloBuilder {
    var hello = HelloBuilder(name: name)
    // GREASE, supported groups and versions, signatures, ALPN, status, SCT, ticket and so on, by the
    // lengths that they have in Chrome's.
    let others: [(type: Int, length: Int)] = [
      (0x0a0a, 0), (23, 0), (0xff01, 1), (10, 12), (35, 0), (16, 14), (5, 5), (13, 18), (18, 0),
      (45, 2), (43, 7), (27, 3), (17613, 5), (0x1a1a, 1),
    ]
    for other in others {
      hello.extensions?.append(
        HelloBuilder.extension(other.type, [UInt8](repeating: 0, count: other.length)))
    }
    hello.extensions?.append(HelloBuilder.postQuantumKeyShare)
    hello.extensions?.append(HelloBuilder.encryptedClientHello)
    return hello
  }
}
