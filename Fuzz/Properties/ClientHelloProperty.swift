import SeededRandom
import Wire

/// Any bytes: read as a parser that copies first reads them, however they come. And a hello built
/// from them, in any records, gives back the name it was built with.
func checkClientHello(_ bytes: [UInt8]) throws(Violation) {
  try checkHello(bytes)
  var random = choices(for: bytes)
  let built = BuiltHello(bytes, &random)
  let wire = built.records(&random)
  let whole = helloVerdict(wire)
  guard case .found(let found) = whole else {
    throw Violation(description: "a sound hello reads as \(whole): \(wire)")
  }
  try require(found == built.expected, "\(found) read from \(built.expected): \(wire)")
  try requireSameInAnySplit(wire, whole) {
    var reader = ClientHelloReader()
    return { helloVerdict($0, &reader) }
  }
  try require(PlainHello.read(wire) == .hello(built.expected), "the plain parser disagrees")
  // One byte of it changed may make another hello of it, but the same to both parsers.
  var changed = wire
  changed[Int.random(in: 0..<wire.count, using: &random)] = UInt8.random(
    in: 0...255, using: &random)
  try checkHello(changed)
}

private func checkHello(_ bytes: [UInt8]) throws(Violation) {
  let whole = helloVerdict(bytes)
  try requireSameInAnySplit(bytes, whole) {
    var reader = ClientHelloReader()
    return { helloVerdict($0, &reader) }
  }
  let plain = PlainHello.read(bytes)
  switch (whole, plain) {
  case (.needMore, .needMore), (.malformed, .malformed): break
  case (.found(let found), .hello(let expected)):
    try require(found == expected, "\(found), not \(expected)")
    guard case .tls = FirstBytes.classify(bytes.span) else {
      throw Violation(description: "a hello whose first bytes are not taken for TLS")
    }
  default: throw Violation(description: "\(whole) where \(plain) was expected: \(bytes)")
  }
  // Past the limit of handshake bytes nothing is waited for, even where each has a record of its
  // own. The length is known after the message's header of four.
  guard bytes.count >= 4 * 6 else { return }
  var limited = ClientHelloReader(limit: bytes.count / 6)
  try require(
    !helloVerdict(bytes.span, &limited).isNeedMore, "\(bytes.count) bytes need more past the limit")
}

/// What the verdict on a hello rests on.
struct HelloContent: Comparing, Equatable {
  /// Empty where none is given.
  var name: [UInt8] = []
  var offersEncryptedClientHello = false

  func isSame(as other: HelloContent) -> Bool { self == other }

  init() {}

  init(_ hello: ClientHello) {
    let bytes = hello.serverNameBytes
    name = bytes.indices.map { bytes[$0] }
    offersEncryptedClientHello = hello.offersEncryptedClientHello
  }
}

private func helloVerdict(_ bytes: [UInt8]) -> Verdict<HelloContent, ClientHelloError> {
  var reader = ClientHelloReader()
  return helloVerdict(bytes.span, &reader)
}

private func helloVerdict(
  _ bytes: Span<UInt8>, _ reader: inout ClientHelloReader
) -> Verdict<HelloContent, ClientHelloError> {
  switch reader.advance(bytes) {
  case .needMore: .needMore
  case .found(let hello), .noName(let hello): .found(HelloContent(hello))
  case .malformed(let error): .malformed(error)
  }
}
