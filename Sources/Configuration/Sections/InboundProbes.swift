internal import Policy

/// `inbound.probes[]:`
enum InboundProbeSection {
  static let port: Key<UInt16?> = Key(required: "port", .port, "The port that is asked.")
  static let path: Key<String?> = Key(
    required: "path", .text("a path that begins with `/`", complaint: complaint(ofPath:)),
    "The path that is asked for, with its query where it has one, exactly as the probe spells it.")

  static let keys = [port.declaration, path.declaration]

  static let type: ValueType<InboundProbe> = .section(keys) { section in
    let port = section.read(port)
    let path = section.read(path)
    guard let port, let path else { return nil }
    return InboundProbe(port: port, path: path)
  }

  @Sendable private static func complaint(ofPath path: String) -> String? {
    guard path.hasPrefix("/") else { return "must begin with /, unlike \"\(excerpt(path))\"" }
    guard path.utf8.count <= 2048 else { return "must be at most 2048 bytes long" }
    // What a request target can't hold (RFC 3986 §3.3, §3.4) no probe can send.
    guard path.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "#") }) else {
      return "must be a path as a request spells it, without spaces, # or characters beyond ASCII"
    }
    return nil
  }
}
