import Testing
import Wire

@Suite("A ClientHello")
struct ClientHelloTests {
  @Test("of a real client names its host", arguments: CapturedHello.all)
  func captured(_ hello: CapturedHello) {
    let expected = hello.name.isEmpty ? "- false" : "\(hello.name) false"
    #expect(Verdict.hello(hello.bytes) == .found(expected))
  }

  @Test("of a real client reads the same in every prefix", arguments: CapturedHello.all)
  func everyPrefix(_ hello: CapturedHello) {
    let bytes = hello.bytes
    for count in 0..<bytes.count {
      #expect(Verdict.hello(Array(bytes.prefix(count))) == .needMore)
    }
    var reader = ClientHelloReader()
    expectSameByteByByte(bytes, whole: .hello(bytes)) { Verdict(reader.advance($0)) }
  }

  @Test("of a real client reads the same over records of every size", arguments: CapturedHello.all)
  func everySplit(_ hello: CapturedHello) {
    let message = Array(hello.bytes.dropFirst(5))
    let whole = Verdict.hello(hello.bytes)
    for size in 1...message.count {
      let bytes = HelloBuilder.records(message, split: size)
      #expect(Verdict.hello(bytes) == whole)
      var reader = ClientHelloReader()
      let verdicts = feed(bytes, ends: stride(from: 1, through: bytes.count, by: 1)) {
        Verdict(reader.advance($0))
      }
      #expect(verdicts.last == whole)
      #expect(verdicts.dropLast().allSatisfy { $0 == .needMore })
    }
  }

  @Test(
    "gives the name as it stands on the wire",
    arguments: [
      "example.com", "EXAMPLE.com", "example.com.", "a_b.example", "192.0.2.1", "2001:db8::1",
      "müller.example", "a\0b", "*.example.com", "x", String(repeating: "a", count: 254),
      String(repeating: "a", count: 255),
    ])
  func nameIsVerbatim(_ name: String) {
    #expect(Verdict.hello(HelloBuilder(name: name).bytes) == .found("\(name) false"))
  }

  @Test("of post-quantum size, over several segments and records")
  func postQuantum() {
    var hello = HelloBuilder(name: "pq.example")
    hello.extensions?.append(HelloBuilder.postQuantumKeyShare)
    hello.extensions?.append(HelloBuilder.extension(0x1a1a, []))
    hello.extensions?.append(HelloBuilder.extension(0xfafa, [0]))
    for split in [1, 3, 100, 517, 1400, 5000] {
      let bytes = hello.bytes(split: split)
      var reader = ClientHelloReader()
      expectSameByteByByte(bytes, whole: .found("pq.example false")) { Verdict(reader.advance($0)) }
    }
  }

  @Test("tells whether it offers Encrypted ClientHello", arguments: ["outer.example", nil])
  func encrypted(_ name: String?) {
    var hello = HelloBuilder(name: name)
    hello.extensions?.append(HelloBuilder.encryptedClientHello)
    #expect(Verdict.hello(hello.bytes) == .found("\(name ?? "-") true"))
  }

  @Test("may be followed by anything: early data, a change of cipher, junk")
  func followed() {
    let hello = HelloBuilder(name: "a.example")
    for split in [7, 1000] {
      for follower: [UInt8] in [[23, 3, 3, 0, 1, 9], [20, 3, 3, 0, 1, 1], [0, 0, 0, 0, 0, 0]] {
        let bytes = hello.bytes(split: split) + follower
        #expect(Verdict.hello(bytes) == .found("a.example false"))
      }
    }
    let message = hello.message + [11, 0, 0, 0]
    #expect(
      Verdict.hello(HelloBuilder.records(message, split: 4000)) == .found("a.example false"))
  }

  @Test("may hold any 64 extensions beside those below 256, in any order")
  func manyExtensions() {
    var hello = HelloBuilder(name: "a.example")
    hello.extensions? += (0..<64).map { HelloBuilder.extension(0xffff - $0, []) }
    hello.extensions? += (1..<256).reversed().filter { $0 != 11 }.map {
      HelloBuilder.extension($0, [1])
    }
    #expect(Verdict.hello(hello.bytes) == .found("a.example false"))
  }

  @Test("without a name is no malformed one")
  func noName() {
    var bare = HelloBuilder()
    bare.extensions = nil
    var empty = HelloBuilder()
    empty.extensions = []
    var session = HelloBuilder()
    session.session = []
    for hello in [bare, empty, session, HelloBuilder()] {
      #expect(Verdict.hello(hello.bytes) == .found("- false"))
    }
  }

  @Test("of 16 KiB is read, of one byte more refused as soon as its length is seen")
  func limit() {
    let fits = HelloBuilder.padded(name: "a.example", to: 16384)
    #expect(Verdict.hello(fits.bytes) == .found("a.example false"))
    #expect(Verdict.hello(fits.bytes(split: 1)) == .found("a.example false"))
    let over = HelloBuilder.padded(name: "a.example", to: 16385).bytes(split: 9000)
    #expect(Verdict.hello(Array(over.prefix(8))) == .needMore)
    #expect(Verdict.hello(Array(over.prefix(9))) == .malformed("tooLong"))
    #expect(Verdict.hello(over) == .malformed("tooLong"))
  }

  @Test("of 16 KiB in records of one byte is read in linear time, one byte at a time")
  func isLinear() {
    let bytes = HelloBuilder.padded(name: "a.example", to: 16384).bytes(split: 1)
    var reader = ClientHelloReader()
    var last = Verdict.needMore
    for count in 1...bytes.count {
      last = Verdict(reader.advance(bytes.span.extracting(first: count)))
    }
    #expect(last == .found("a.example false"))
  }
}
