internal import Addressing

extension ValueType where Value == [UInt32] {
  static var proxyUIDs: ValueType {
    .ids(
      of: .id(
        atLeast: 1,
        zero: "root (0) can't be the proxy's uid: everything that runs as root would bypass the "
          + "proxy"),
      none: "names no uid: the proxy's own traffic would be captured")
  }

  static var proxyGIDs: ValueType {
    .ids(
      of: .id(
        atLeast: 1,
        zero: "root's group (0) can't be the proxy's gid: everything that runs in it would bypass "
          + "the proxy"))
  }

  /// Root's too.
  static var uids: ValueType { .ids(of: .id(atLeast: 0)) }

  /// One or more, ascending; one that stands twice is a slip that may hide another.
  private static func ids(of id: ValueType<UInt32>, none: String? = nil) -> ValueType {
    let several = ValueType.oneOrList(of: id)
    return ValueType(shape: several.shape) { node, findings in
      guard let ids = several.read(node, findings) else { return nil }
      if case .sequence(let nodes) = node.content, nodes.isEmpty, let none {
        findings.error(none, at: node.position)
        return nil
      }
      let sorted = ids.sorted()
      if let twice = zip(sorted, sorted.dropFirst()).first(where: { $0 == $1 })?.0 {
        findings.error("\(twice) is listed twice", at: node.position)
        return nil
      }
      return sorted
    }
  }
}

extension ValueType where Value == UInt32 {
  /// The highest number is no id: the kernel uses it for "unchanged".
  fileprivate static func id(atLeast lowest: UInt32, zero: String? = nil) -> ValueType {
    let id = ValueType.integer(lowest...UInt32.max - 1)
    return ValueType(shape: id.shape) { node, findings in
      if let zero, case .scalar(let scalar) = node.content, scalar.isPlain, scalar.text == "0" {
        findings.error(zero, at: node.position)
        return nil
      }
      return id.read(node, findings)
    }
  }

  /// The bits of a mark, for which hexadecimal is the usual notation.
  static var bits: ValueType {
    let phrase = "32 bits such as 0x1000"
    let shape = ValueShape.either(.text(phrase), .integer(0...Int(UInt32.max)))
    return ValueType(shape: shape) { node, findings in
      guard let scalar = node.scalar(phrase, findings) else { return nil }
      let digits = scalar.text.utf8.dropFirst(2)
      let value =
        if scalar.text.hasPrefix("0x"), (1...8).contains(digits.count),
          digits.allSatisfy(\.isHexDigit)
        {
          UInt32(scalar.text.dropFirst(2), radix: 16)
        } else {
          scalar.isInteger ? UInt32(scalar.text) : nil
        }
      guard let value else {
        findings.error("must be \(phrase), not \(node.noun)", at: node.position)
        return nil
      }
      return value
    }
  }
}

extension ValueType where Value == [IPAddress] {
  /// Each once, in the order of the document. None is a valid choice.
  static var resolvers: ValueType {
    let several = ValueType.oneOrList(of: .resolver)
    return ValueType(shape: several.shape) { node, findings in
      guard let addresses = several.read(node, findings) else { return nil }
      var seen: Set<IPAddress> = []
      return addresses.filter { seen.insert($0).inserted }
    }
  }
}

extension ValueType where Value == IPAddress {
  fileprivate static var resolver: ValueType {
    let phrase = "an IPv4 or IPv6 address"
    return ValueType(shape: .text(phrase)) { node, findings in
      guard let text = node.text(phrase, findings) else { return nil }
      guard let address = IPAddress(text)?.canonical else {
        findings.error("must be \(phrase), not \"\(excerpt(text))\"", at: node.position)
        return nil
      }
      guard !address.isNobody else {
        findings.error("\(address) is the address of no server", at: node.position)
        return nil
      }
      return address
    }
  }
}

extension IPAddress {
  /// Unspecified, multicast or broadcast.
  fileprivate var isNobody: Bool {
    switch self {
    case .v4(let address): address.rawValue == 0 || address.rawValue >= 0xe000_0000
    case .v6(let address): address.rawValue == 0 || address.rawValue >> 120 == 0xff
    }
  }
}

extension ValueType where Value == [InterfacePattern] {
  static var interfaces: ValueType { .oneOrList(of: .interface) }

  /// At least one.
  static var includedInterfaces: ValueType {
    interfaces.refusingNone("names no interface")
  }
}

extension ValueType where Value == InterfacePattern {
  fileprivate static var interface: ValueType {
    let phrase = "an interface's name or the beginning of several with a `*`"
    let wanted = "an interface's name such as eth0 or cali*"
    return ValueType(shape: .text(phrase)) { node, findings in
      guard let text = node.text(wanted, findings) else { return nil }
      do throws(InterfacePatternError) {
        let pattern = try InterfacePattern(text)
        guard !pattern.matches("lo") else {
          findings.error(
            "\(pattern) means the loopback interface, which has rules of its own",
            at: node.position)
          return nil
        }
        return pattern
      } catch {
        findings.error(error.sentence(about: text, wanted: wanted), at: node.position)
        return nil
      }
    }
  }
}

extension InterfacePatternError {
  fileprivate func sentence(about text: String, wanted: String) -> String {
    switch self {
    case .empty: "must be \(wanted), not empty"
    case .everyInterface: "\"*\" alone would mean every interface; name the ones that are meant"
    case .reserved(let name): "\"\(name)\" is the name of no interface"
    case .character(let scalar):
      "no interface's name may hold \(Self.name(of: scalar)): \"\(excerpt(text))\""
    case .tooLong(let bytes):
      "an interface's name has at most \(InterfacePattern.maximumBytes) bytes; "
        + "\"\(excerpt(text))\" has \(bytes)"
    }
  }

  private static func name(of scalar: Unicode.Scalar) -> String {
    switch scalar {
    case " ": "a space"
    case "*": "'*' but at its end"
    case _ where scalar.isPrintable: "'\(scalar)'"
    default: "control or invisible characters"
    }
  }
}

extension ValueType {
  /// The same list, but never an empty one.
  func refusingNone<Item>(_ complaint: String) -> ValueType where Value == [Item] {
    ValueType(shape: shape) { node, findings in
      if case .sequence(let nodes) = node.content, nodes.isEmpty {
        findings.error(complaint, at: node.position)
        return nil
      }
      return read(node, findings)
    }
  }
}
