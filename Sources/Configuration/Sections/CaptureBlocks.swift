internal import Addressing

extension ValueType where Value == [CIDR] {
  /// One block or a list of them, as written; an address is the block of that one address. Blocks
  /// of IPv4-mapped addresses are the IPv4 blocks that they lead to.
  static var blocks: ValueType { .oneOrList(of: .block) }

  /// At least one: what an empty list would include is anyone's guess.
  static var includedBlocks: ValueType {
    blocks.refusingNone("names no address; leave it out to mean all")
  }

  /// Blocks of the loopback range with 127.0.0.1 among them, merged; a family that none of them
  /// belongs to is given its default.
  static var loopbackBlocks: ValueType {
    let blocks = includedBlocks
    return ValueType(shape: blocks.shape) { node, findings in
      guard let read = blocks.read(node, findings) else { return nil }
      let strangers = read.filter { block in
        !Capture.wholeLoopback.contains { $0.contains(block) }
      }
      for stranger in strangers {
        findings.error("\(stranger) is no part of 127.0.0.0/8 or ::1", at: node.position)
      }
      guard strangers.isEmpty else { return nil }
      let whole = Capture.wholeLoopback.filter { whole in
        !read.contains { $0.base.bitWidth == whole.base.bitWidth }
      }
      let localhost = IPAddress.v4(IPv4Address(rawValue: 0x7f00_0001))
      let all = (read + whole).coalesced()
      guard all.contains(where: { $0.contains(localhost) }) else {
        findings.error(
          "must hold 127.0.0.1, where the sidecar and most servers of a pod listen",
          at: node.position)
        return nil
      }
      return all
    }
  }
}

extension ValueType where Value == CIDR {
  static var block: ValueType {
    let phrase = "an address or a CIDR block"
    return ValueType(shape: .text(phrase)) { node, findings in
      guard let text = node.text(phrase, findings) else { return nil }
      guard let block = CIDR(text) else {
        let complaint = complaint(about: text) ?? "must be \(phrase), not \"\(excerpt(text))\""
        findings.error(complaint, at: node.position)
        return nil
      }
      return block.canonical
    }
  }

  /// What is wrong behind the slash; nil where there is none, or no address before it.
  private static func complaint(about text: String) -> String? {
    guard let slash = text.firstIndex(of: "/"), let address = IPAddress(text[..<slash]) else {
      return nil
    }
    let length = Scalar(text: String(text[text.index(after: slash)...]), isPlain: true)
    guard length.isInteger, length.text.utf8.allSatisfy(\.isDigit) else { return nil }
    guard let prefixLength = Int(length.text),
      let block = CIDR(containing: address, prefixLength: prefixLength)
    else {
      let family = address.bitWidth == 32 ? "IPv4" : "IPv6"
      return "a prefix of \(family) has 0 to \(address.bitWidth) bits, unlike \"\(excerpt(text))\""
    }
    return "\(excerpt(text)) has bits set behind its prefix; the block is \(block)"
  }
}
