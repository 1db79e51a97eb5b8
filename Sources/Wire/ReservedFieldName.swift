extension Span where Element == UInt8 {
  /// The field begins with `x-portarium-`, in any case and with anything for `-`: gateways to CGI
  /// and its heirs fold all of that into one name.
  var isReservedFieldName: Bool { beginsFolded("x-portarium-") }

  /// `x-forwarded-client-cert`, in any such spelling: by it a server is told whose certificate was
  /// verified.
  var isForwardedClientCertificate: Bool {
    let name = "x-forwarded-client-cert"
    return count == name.utf8.count && beginsFolded(name)
  }

  /// The field by which a response says that its request would have been denied, in any such
  /// spelling.
  var isWouldDenyFieldName: Bool {
    let name = ResponseRewrite.wouldDenyName
    return count == name.utf8.count && beginsFolded(name)
  }

  /// - Parameter prefix: in lower case.
  private func beginsFolded(_ prefix: String) -> Bool {
    let prefix = prefix.utf8.span
    guard count >= prefix.count else { return false }
    for index in 0..<prefix.count {
      let byte = self[index]
      if prefix[index] == UInt8(ascii: "-") {
        guard !byte.isLetter, !byte.isDigit else { return false }
      } else {
        guard byte | 0x20 == prefix[index] else { return false }
      }
    }
    return true
  }
}
