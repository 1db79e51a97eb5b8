import Testing
import Wire

@Suite("Bytes that are no ClientHello")
struct MalformedHelloTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var bytes: [UInt8]
    var error: ClientHelloError

    init(_ name: String, _ error: ClientHelloError, _ change: (inout HelloBuilder) -> Void) {
      var hello = HelloBuilder(name: "a.example")
      change(&hello)
      self.init(name, error, bytes: hello.bytes)
    }

    init(_ name: String, _ error: ClientHelloError, bytes: [UInt8]) {
      testDescription = name
      self.error = error
      self.bytes = bytes
    }
  }

  private static func names(_ entries: [[UInt8]]) -> (inout HelloBuilder) -> Void {
    { $0.extensions = [HelloBuilder.serverNameList(entries)] }
  }

  private static func serverName(_ content: [UInt8]) -> (inout HelloBuilder) -> Void {
    { $0.extensions = [HelloBuilder.extension(0, content)] }
  }

  private static let a = HelloBuilder.nameEntry(Array("a.example".utf8))
  private static let b = HelloBuilder.nameEntry(Array("b.example".utf8))

  static let cases: [Case] = [
    Case("an alert (RFC 8446 §5.1)", .badRecord) { $0.record.type = 21 },
    Case("application data", .badRecord) { $0.record.type = 23 },
    Case("a record of major version 2", .badRecord) { $0.record.major = 2 },
    Case("an empty record", .badRecordLength, bytes: [22, 3, 1, 0, 0]),
    Case("a record of 2¹⁴ + 1 bytes", .badRecordLength, bytes: [22, 3, 1, 0x40, 0x01]),
    Case("a record of 2¹⁵ bytes", .badRecordLength, bytes: [22, 3, 1, 0x80]),
    Case(
      "an empty record between two parts of the hello", .badRecordLength,
      bytes: HelloBuilder(name: "a").bytes(split: 50).prefix(55) + [22, 3, 1, 0, 0]),
    Case(
      "an alert between two parts of the hello", .badRecord,
      bytes: HelloBuilder(name: "a").bytes(split: 50).prefix(55) + [21, 3, 1, 0, 2]),
    Case("a ServerHello", .notClientHello) { $0.messageType = 2 },
    Case("a HelloRequest", .notClientHello) { $0.messageType = 0 },
    Case("a length of 2²⁴ − 1", .tooLong, bytes: [22, 3, 1, 0, 9, 1, 255, 255, 255]),
    Case("a message of no bytes", .badStructure, bytes: [22, 3, 1, 0, 4, 1, 0, 0, 0]),
    Case("legacy_version 2.0", .badStructure) { $0.legacyVersion = [2, 0] },
    Case("a session id of 33 bytes", .badStructure) { $0.session.append(1) },
    Case("no cipher suite", .badStructure) { $0.suites = [] },
    Case("half a cipher suite", .badStructure) { $0.suites.append(1) },
    Case("no compression method", .badStructure) { $0.compressions = [] },
    Case("a byte behind the extensions", .badStructure) { $0.trailing = [0] },
    Case("one byte in place of extensions", .badStructure) {
      $0.extensions = nil
      $0.trailing = [0]
    },
    Case("extensions longer than their block", .badStructure) {
      $0.extensions = [[0, 11, 0, 9, 1, 0]]
    },
    Case("half an extension header", .badStructure) { $0.extensions = [[0, 11, 0]] },
    Case("two SNI extensions", .repeatedExtension) {
      $0.extensions?.append(HelloBuilder.serverName(Array("b.example".utf8)))
    },
    Case("two GREASE extensions of one type", .repeatedExtension) {
      $0.extensions? += [HelloBuilder.extension(0x0a0a, []), HelloBuilder.extension(0x0a0a, [])]
    },
    Case("two extensions of type 255", .repeatedExtension) {
      $0.extensions? += [HelloBuilder.extension(255, []), HelloBuilder.extension(255, [])]
    },
    Case("two ECH extensions", .repeatedExtension) {
      $0.extensions? += [HelloBuilder.encryptedClientHello, HelloBuilder.encryptedClientHello]
    },
    Case("more extensions than anybody sends", .tooManyExtensions) {
      $0.extensions? += (0..<65).map { HelloBuilder.extension(0x4000 + $0, []) }
    },
    Case("an SNI extension of no bytes, as servers send it", .badServerName, serverName([])),
    Case("an SNI extension of one byte", .badServerName, serverName([0])),
    Case("an empty server name list", .badServerName, serverName([0, 0])),
    Case("a list shorter than its extension", .badServerName, serverName([0, 4, 0, 0, 1, 97, 0])),
    Case("a list longer than its extension", .badServerName, serverName([0, 9, 0, 0, 1, 97])),
    Case("a name longer than its list", .badServerName, serverName([0, 4, 0, 0, 9, 97])),
    Case("half a name's header", .badServerName, serverName([0, 2, 0, 0])),
    Case("two host names", .repeatedServerName, names([a, b])),
    Case("the same host name twice", .repeatedServerName, names([a, a])),
    Case(
      "two host names with one of another type between them", .repeatedServerName,
      names([a, HelloBuilder.nameEntry([1], type: 9), b])),
    Case("an empty host name", .emptyServerName, names([HelloBuilder.nameEntry([])])),
    Case(
      "a host name of 256 bytes", .serverNameTooLong,
      names([HelloBuilder.nameEntry([UInt8](repeating: 97, count: 256))])),
  ]

  @Test("are malformed, not nameless", arguments: cases)
  func isMalformed(_ hello: Case) {
    let expected = Verdict.malformed("\(hello.error)")
    #expect(Verdict.hello(hello.bytes) == expected)
    var reader = ClientHelloReader()
    expectSameByteByByte(hello.bytes, whole: expected) { Verdict(reader.advance($0)) }
    var again = ClientHelloReader()
    _ = again.advance(hello.bytes.span)
    #expect(Verdict(again.advance((hello.bytes + HelloBuilder(name: "a").bytes).span)) == expected)
  }

  @Test("of a type unknown to RFC 6066 are passed over, whatever name stands beside them")
  func unknownNameType() {
    let other = HelloBuilder.nameEntry([1, 2, 3], type: 9)
    for (entries, expected) in [
      ([other, Self.a], "a.example false"), ([Self.a, other], "a.example false"),
      ([other], "- false"),
    ] {
      var hello = HelloBuilder()
      hello.extensions = [HelloBuilder.serverNameList(entries)]
      #expect(Verdict.hello(hello.bytes) == .found(expected))
    }
  }
}
