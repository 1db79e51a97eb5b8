internal import CIDN2

extension HostName {
  /// Normalises a name as a person writes it in a document: U-labels become A-labels (IDNA2008,
  /// mapped and non-transitional as UTS #46 says), then as `init(flowBytes:)`.
  ///
  /// ASCII labels are taken as they are: `xn--` names that IDNA2008 would refuse are in use.
  package init(_ text: String) throws(ParseError) {
    let bytes = text.utf8.allSatisfy { $0 < 0x80 } ? Array(text.utf8) : try Self.aLabels(text)
    try self.init(flowBytes: bytes.span)
  }

  private static func aLabels(_ text: String) throws(ParseError) -> [UInt8] {
    // A NUL would end the text early on the C side.
    guard !text.utf8.contains(0) else { throw .badByte }
    var output: UnsafeMutablePointer<CChar>? = nil
    let flags = CInt(IDN2_NFC_INPUT.rawValue | IDN2_NONTRANSITIONAL.rawValue)
    // The library reads the terminated text, and on success stores a terminated one that is ours.
    let status = unsafe idn2_to_ascii_8z(text, &output, flags)
    guard status == CInt(IDN2_OK.rawValue), let name = unsafe output else {
      throw .notInternationalized
    }
    defer { unsafe idn2_free(name) }
    return Array(unsafe String(cString: name).utf8)
  }
}
