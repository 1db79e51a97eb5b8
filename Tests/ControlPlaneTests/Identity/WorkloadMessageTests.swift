import Testing

@testable import ControlPlane

/// The API's messages as bytes. What `protoc`'s own code makes of them is in `WorkloadAPITests`.
@Suite("A message of the Workload API")
struct WorkloadMessageTests {
  static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [number << 3 | 2, UInt8(bytes.count)] + bytes
  }
  static func field(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

  static let svid = field(1, "spiffe://a/b") + field(2, [1, 2]) + field(3, [3]) + field(4, [4, 5])
  static let federated = field(1, "spiffe://c") + field(2, [6, 7, 8])

  static func read(_ bytes: [UInt8]) throws(ProtobufError) -> X509SVIDResponse {
    try X509SVIDResponse(bytes.span)
  }

  @Test func `holds SVIDs, lists and bundles in any order`() throws {
    let parts = [field(1, Self.svid), Self.field(3, Self.federated), Self.field(2, [9])]
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
      let bytes = order.flatMap { parts[$0] }
      let response = try Self.read(bytes)
      let entry = try #require(response.entries.first)
      #expect(response.entries.count == 1)
      #expect(entry.spiffeID == "spiffe://a/b")
      #expect(Array(bytes[entry.chain]) == [1, 2])
      #expect(Array(bytes[entry.key]) == [3])
      #expect(Array(bytes[entry.bundle]) == [4, 5])
      #expect(entry.hint == "")
      #expect(response.revocationLists == 1)
      #expect(
        response.federatedBundles.mapValues { Array(bytes[$0]) } == ["spiffe://c": [6, 7, 8]])
    }
    func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { Self.field(number, bytes) }
  }

  @Test func `keeps the order of its SVIDs`() throws {
    let bytes = ["spiffe://a/1", "spiffe://a/2", "spiffe://a/0"].flatMap {
      Self.field(1, Self.field(1, $0) + Self.field(5, "for \($0)"))
    }
    let entries = try Self.read(bytes).entries
    #expect(entries.map(\.spiffeID) == ["spiffe://a/1", "spiffe://a/2", "spiffe://a/0"])
    #expect(entries.map(\.hint) == entries.map { "for \($0.spiffeID)" })
    #expect(entries.allSatisfy { $0.key.isEmpty && $0.chain.isEmpty && $0.bundle.isEmpty })
  }

  @Test func `may be empty`() throws {
    #expect(try Self.read([]).entries.isEmpty)
    #expect(try X509BundlesResponse([UInt8]().span).bundles.isEmpty)
    #expect(try JWTSVIDResponse([UInt8]().span).entries.isEmpty)
  }

  /// A number, eight bytes, four bytes, bytes, and a known field of another kind.
  @Test(
    arguments: [
      [0x78, 0x96, 0x01], [0x79, 1, 2, 3, 4, 5, 6, 7, 8], [0x7d, 1, 2, 3, 4], [0x7a, 2, 9, 9],
      [0xfa, 0xff, 0xff, 0xff, 0x0f, 1, 9], [0x08, 5], [0x15, 1, 2, 3, 4],
    ] as [[UInt8]])
  func passesOverWhatItDoesNotKnow(_ unknown: [UInt8]) throws {
    let bytes = unknown + Self.field(1, unknown + Self.svid + unknown) + unknown
    let response = try Self.read(bytes)
    #expect(response.entries.map(\.spiffeID) == ["spiffe://a/b"])
    #expect(response.revocationLists == 0)
  }

  @Test(
    arguments: [
      ([0x00], ProtobufError.badTag), ([0x02, 0], .badTag), ([0x0b], .badTag), ([0x0c], .badTag),
      ([0x0e], .badTag), ([0x0f], .badTag), ([0x80, 0x80, 0x80, 0x80, 0x80, 0x01], .badTag),
      ([0x0a], .cutOff), ([0x0a, 5, 1], .cutOff), ([0x0a, 0x80], .cutOff), ([0x79, 1], .cutOff),
      ([0x7d, 1], .cutOff), ([0x78], .cutOff),
      ([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], .cutOff),
      ([0x78, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], .badNumber),
      ([0x78, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], .badNumber),
      ([0x0a, 3, 0x0a, 1, 0xff], .badText), ([0x0a, 2, 0x0a, 5], .cutOff),
      ([0x1a, 3, 0x0a, 1, 0xff], .badText), ([0x1a, 2, 0x12, 9], .cutOff),
    ] as [([UInt8], ProtobufError)])
  func isRefused(_ bytes: [UInt8], _ error: ProtobufError) {
    #expect(throws: error) { try Self.read(bytes) }
  }

  @Test func `can be cut off and changed anywhere without harm`() {
    let whole = Self.field(1, Self.svid) + Self.field(3, Self.federated)
    for count in 0..<whole.count { _ = try? Self.read(Array(whole.prefix(count))) }
    for index in whole.indices {
      for value in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
        var bytes = whole
        bytes[index] = value
        guard let response = try? Self.read(bytes) else { continue }
        for entry in response.entries {
          for range in [entry.chain, entry.key, entry.bundle] {
            #expect(range.isEmpty || bytes.indices.contains(range.upperBound - 1))
          }
        }
      }
    }
  }

  @Test func `asks for a token`() {
    let long = String(repeating: "x", count: 300)
    #expect(JWTSVIDRequest(audience: ["me"]).encoded == [0x0a, 2, 0x6d, 0x65])
    #expect(
      JWTSVIDRequest(audience: ["a", "b"], spiffeID: "c").encoded
        == [0x0a, 1, 0x61, 0x0a, 1, 0x62, 0x12, 1, 0x63])
    #expect(
      JWTSVIDRequest(audience: [long]).encoded == [0x0a, 0xac, 0x02] + Array(long.utf8))
  }
}
