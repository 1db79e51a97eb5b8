import Addressing
import Samples
import Wire

extension Suite {
  /// What a TLS connection's first bytes cost.
  mutating func measureHellos() throws {
    let curl = Heads.curl
    try measure("first bytes: TLS", Classify(bytes: Hellos.plain))
    try measure("first bytes: HTTP", Classify(bytes: curl))
    let hellos = [
      ("517 bytes", Hellos.plain), ("post-quantum, 18 extensions", Hellos.postQuantum),
      ("post-quantum, in records of 256 bytes", Hellos.fragmented),
    ]
    for (name, bytes) in hellos {
      try measure("hello: \(name)", bytes: bytes.count, ReadHello(bytes: bytes))
    }
    let bytes = Hellos.postQuantum
    try measure(
      "hello: post-quantum, as it comes in 8 reads", bytes: bytes.count,
      ReadHello(bytes: bytes, reads: 8))
    try measure("host name of a flow", ReadName(bytes: Array(Hellos.name.utf8)))
  }
}

private struct Classify: Operation {
  let bytes: [UInt8]

  mutating func perform() -> Int {
    switch FirstBytes.classify(bytes.span) {
    case .tls: 1
    case .http: 2
    default: 0
    }
  }
}

private struct ReadHello: Operation {
  let bytes: [UInt8]
  var reads = 1

  mutating func perform() -> Int {
    var reader = ClientHelloReader()
    for read in 1...reads {
      let outcome = reader.advance(bytes.span.extracting(first: bytes.count * read / reads))
      if case .found(let hello) = outcome { return hello.serverNameBytes.count }
    }
    return 0
  }
}

private struct ReadName: Operation {
  let bytes: [UInt8]

  mutating func perform() -> Int {
    guard let name = try? HostName(flowBytes: bytes.span), !name.endsInNumber else { return 0 }
    return name.bytes.count
  }
}
