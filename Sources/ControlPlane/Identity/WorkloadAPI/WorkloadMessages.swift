// The messages of `workloadapi.proto`, the API's definition, as far as they are used. A field that
// isn't known, or is of another kind than it should be, is passed over; of several the last counts.

/// `X509SVIDResponse`.
struct X509SVIDResponse {
  /// `X509SVID`. What is missing is empty.
  struct Entry {
    var spiffeID = ""
    /// DER, the leaf first.
    var chain = 0..<0
    /// PKCS#8 in DER.
    var key = 0..<0
    /// DER.
    var bundle = 0..<0
    var hint = ""
  }

  var entries: [Entry] = []
  var revocationLists = 0
  /// By the ID of their trust domain; DER.
  var federatedBundles: [String: Range<Int>] = [:]

  init(_ bytes: Span<UInt8>) throws(ProtobufError) {
    var reader = ProtobufReader(0..<bytes.count)
    while let field = try reader.next(bytes) {
      switch (field.number, field.value) {
      case (1, .bytes(let range)): entries.append(try Entry(bytes, range))
      case (2, .bytes): revocationLists += 1
      case (3, .bytes(let range)): try federatedBundles.add(entry: range, of: bytes)
      default: break
      }
    }
  }
}

extension X509SVIDResponse.Entry {
  fileprivate init(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(ProtobufError) {
    var reader = ProtobufReader(range)
    while let field = try reader.next(bytes) {
      switch (field.number, field.value) {
      case (1, .bytes(let range)): spiffeID = try bytes.text(range)
      case (2, .bytes(let range)): chain = range
      case (3, .bytes(let range)): key = range
      case (4, .bytes(let range)): bundle = range
      case (5, .bytes(let range)): hint = try bytes.text(range)
      default: break
      }
    }
  }
}

/// `X509BundlesResponse`.
struct X509BundlesResponse {
  var revocationLists = 0
  /// By the ID of their trust domain; DER.
  var bundles: [String: Range<Int>] = [:]

  init(_ bytes: Span<UInt8>) throws(ProtobufError) {
    var reader = ProtobufReader(0..<bytes.count)
    while let field = try reader.next(bytes) {
      switch (field.number, field.value) {
      case (1, .bytes): revocationLists += 1
      case (2, .bytes(let range)): try bundles.add(entry: range, of: bytes)
      default: break
      }
    }
  }
}

/// `JWTSVIDRequest`.
struct JWTSVIDRequest {
  var audience: [String]
  /// Empty for all that the workload is entitled to.
  var spiffeID = ""

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    for text in audience { bytes.append(field: 1, text) }
    if !spiffeID.isEmpty { bytes.append(field: 2, spiffeID) }
    return bytes
  }
}

/// `JWTSVIDResponse`.
struct JWTSVIDResponse {
  /// `JWTSVID`. What is missing is empty.
  struct Entry {
    var spiffeID = ""
    /// The token.
    var token = ""
    var hint = ""
  }

  var entries: [Entry] = []

  init(_ bytes: Span<UInt8>) throws(ProtobufError) {
    var reader = ProtobufReader(0..<bytes.count)
    while let field = try reader.next(bytes) {
      guard case (1, .bytes(let range)) = (field.number, field.value) else { continue }
      entries.append(try Entry(bytes, range))
    }
  }
}

extension JWTSVIDResponse.Entry {
  fileprivate init(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(ProtobufError) {
    var reader = ProtobufReader(range)
    while let field = try reader.next(bytes) {
      switch (field.number, field.value) {
      case (1, .bytes(let range)): spiffeID = try bytes.text(range)
      case (2, .bytes(let range)): token = try bytes.text(range)
      case (3, .bytes(let range)): hint = try bytes.text(range)
      default: break
      }
    }
  }
}

extension [String: Range<Int>] {
  /// Adds an entry of a `map<string, bytes>`: a message with the key as 1, the value as 2.
  fileprivate mutating func add(
    entry: Range<Int>, of bytes: Span<UInt8>
  ) throws(ProtobufError) {
    var reader = ProtobufReader(entry)
    var key = ""
    var value = 0..<0
    while let field = try reader.next(bytes) {
      switch (field.number, field.value) {
      case (1, .bytes(let range)): key = try bytes.text(range)
      case (2, .bytes(let range)): value = range
      default: break
      }
    }
    self[key] = value
  }
}

extension Span<UInt8> {
  fileprivate func text(_ range: Range<Int>) throws(ProtobufError) -> String {
    guard let text = String(validating: range.map { self[$0] }, as: UTF8.self) else {
      throw .badText
    }
    return text
  }
}

extension [UInt8] {
  fileprivate mutating func append(field number: UInt8, _ text: String) {
    append(number << 3 | 2)
    var length = text.utf8.count
    while length > 0x7f {
      append(UInt8(length & 0x7f) | 0x80)
      length >>= 7
    }
    append(UInt8(length))
    self += text.utf8
  }
}
