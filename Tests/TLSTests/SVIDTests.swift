import Addressing
import Foundation
import TLS
import TestNetwork
import Testing

@Suite("SVIDs and bundles as they are read")
struct SVIDTests {
  private static func der(_ pem: [UInt8]) throws -> [UInt8] {
    let blocks = String(decoding: pem, as: UTF8.self).components(separatedBy: "-----BEGIN ")
      .dropFirst()
    return blocks.flatMap { block -> [UInt8] in
      let lines = block.split(separator: "\n").dropFirst().prefix { !$0.hasPrefix("-----") }
      return [UInt8](Data(base64Encoded: lines.joined())!)
    }
  }

  @Test("PEM and DER are the same SVID", arguments: ["direct", "through-three", "rsa-2048"])
  func forms(name: String) throws {
    let (chain, key) = (
      try Certificates.chain("good/\(name)"), try Certificates.key("good/\(name)")
    )
    let fromPEM = try X509SVID(chainPEM: chain, keyPEM: key)
    let fromDER = try X509SVID(chainDER: Self.der(chain), keyDER: Self.der(key))
    #expect(fromPEM.id == .web)
    #expect(fromDER.id == fromPEM.id)
    #expect(fromDER.fingerprint == fromPEM.fingerprint)
    #expect(fromDER.serialNumber == fromPEM.serialNumber)
    #expect(fromPEM.fingerprint.count == 32)
    // 1 January 2020 and 2049.
    #expect(fromPEM.notBefore == 1_577_836_800 * 1_000_000_000)
    #expect(fromPEM.notAfter == 2_493_072_000 * 1_000_000_000)
  }

  @Test("what openssl says of a certificate, an SVID says too")
  func asOpenSSL() throws {
    let svid = try Certificates.svid()
    let said = try RunningProcess([
      "openssl", "x509", "-in", "\(Certificates.folder)/good/direct.pem", "-noout",
      "-fingerprint", "-sha256", "-serial",
    ]).wait().output
    let fingerprint = svid.fingerprint.map { String(format: "%02X", $0) }.joined(separator: ":")
    #expect(said.contains(fingerprint))
    #expect(said.contains("serial=\(svid.serialNumber)"))
  }

  @Test("times beyond what nanoseconds count are the last one they do")
  func farFuture() throws {
    #expect(try Certificates.svid("years-beyond-2038").notAfter == .max)
  }

  @Test("a key of another certificate is refused")
  func mismatch() throws {
    #expect(throws: SVIDError.keyMismatch) {
      try X509SVID(
        chainPEM: Certificates.chain("good/direct"), keyPEM: Certificates.key("good/p-384"))
    }
  }

  @Test("a chain that breaks off is refused, wherever it does, or is a shorter one")
  func truncatedChain() throws {
    let chain = try Certificates.chain("good/through-an-intermediate")
    let key = try Certificates.key("good/through-an-intermediate")
    let text = String(decoding: chain, as: UTF8.self)
    let end = try #require(text.range(of: "-----END CERTIFICATE-----\n")).upperBound
    let leafEnd = text.utf8.distance(from: text.startIndex, to: end)
    for length in 0..<chain.count {
      let result = Result { () throws(SVIDError) in
        try X509SVID(chainPEM: Array(chain.prefix(length)), keyPEM: key)
      }
      switch result {
      case .success:
        // A few dashes are no line of PEM; a newline more or less is nothing.
        #expect((leafEnd - 1...leafEnd + 4).contains(length) || length == chain.count - 1)
      case .failure(let error):
        #expect([.noCertificate, .malformed].contains(error), "\(length)")
      }
    }
  }

  @Test("a key that breaks off is refused, wherever it does")
  func truncatedKey() throws {
    let (chain, key) = (try Certificates.chain("good/direct"), try Certificates.key("good/direct"))
    for length in 0..<(key.count - 1) {
      #expect(throws: SVIDError.malformedKey, "\(length)") {
        try X509SVID(chainPEM: chain, keyPEM: Array(key.prefix(length)))
      }
    }
  }

  @Test("an encrypted key is told from a broken one, and nobody is asked for a password")
  func encryptedKey() throws {
    for arguments in [["pkcs8", "-topk8"], ["ec", "-aes128"]] {
      let path = Scratch.path("encrypted-\(arguments[0]).key")
      try RunningProcess(
        ["openssl"] + arguments + [
          "-in", "\(Certificates.folder)/good/direct.key", "-passout", "pass:word", "-out", path,
        ]
      ).wait().checked()
      #expect(throws: SVIDError.encryptedKey) {
        try X509SVID(
          chainPEM: Certificates.chain("good/direct"),
          keyPEM: [UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
      }
    }
  }

  @Test("DER with something behind it is refused")
  func trailing() throws {
    let chain = try Self.der(Certificates.chain("good/direct"))
    let key = try Self.der(Certificates.key("good/direct"))
    #expect(throws: SVIDError.malformed) { try X509SVID(chainDER: chain + [0], keyDER: key) }
    #expect(throws: SVIDError.malformedKey) { try X509SVID(chainDER: chain, keyDER: key + [0]) }
    #expect(throws: SVIDError.noCertificate) { try X509SVID(chainDER: [], keyDER: key) }
    #expect(throws: SVIDError.malformedKey) { try X509SVID(chainDER: chain, keyDER: []) }
  }

  @Test("a bundle holds authorities, each of them once or more")
  func bundles() throws {
    let root = try Certificates.bytes("bundles/example.org.pem")
    #expect(try TrustBundle(pem: root).rootCount == 1)
    #expect(try TrustBundle(pem: root + root).rootCount == 2)
    let other = try Certificates.bytes("bundles/other.org.pem")
    #expect(try TrustBundle(der: Self.der(root) + Self.der(other)).rootCount == 2)
    #expect(throws: SVIDError.noCertificate) { try TrustBundle(pem: []) }
    #expect(throws: SVIDError.notAuthority) {
      try TrustBundle(pem: root + Certificates.chain("good/direct"))
    }
  }

  @Test("more bytes than anything has are refused unread")
  func tooLarge() throws {
    let many = [UInt8](repeating: UInt8(ascii: "\n"), count: (4 << 20) + 1)
    #expect(throws: SVIDError.tooLarge) { try TrustBundle(pem: many) }
    #expect(throws: SVIDError.tooLarge) {
      try X509SVID(chainPEM: Certificates.chain("good/direct"), keyPEM: many)
    }
  }
}
