internal import Addressing
internal import ArgumentParser
internal import Capture

/// Which packet is asked about.
struct FlowOptions: ParsableArguments {
  @Option(help: "The uid of the process that sends it.")
  var uid: UInt32?
  @Option(help: "Its gid. (default: the same number as the uid)")
  var gid: UInt32?
  @Flag(help: "The kernel sends it for no process.")
  var noSocket = false
  @Flag(help: "It arrives from outside for this host.")
  var inbound = false
  @Option(
    name: .customLong("in"),
    help: ArgumentHelp("It arrives on this interface. (default with --inbound: eth0)"))
  var inputInterface: String?
  @Option(
    name: .customLong("out"),
    help: ArgumentHelp("Where it leaves. (default: lo to this host's own addresses, else eth0)"))
  var outputInterface: String?
  @Option(help: ArgumentHelp("Its source.", valueName: "address[:port]"))
  var from: String?
  @Option(help: ArgumentHelp("Its destination.", valueName: "address[:port]"))
  var to: String
  @Option(
    name: .customLong("proto"),
    help: ArgumentHelp("tcp, udp, icmp or a protocol's number.", valueName: "protocol"))
  var protocolText = "tcp"
  @Option(
    help: ArgumentHelp(
      "An address of this host on eth0, where it matters. Repeatable.", valueName: "address"))
  var local: [String] = []

  /// Throws a sentence about the first thing that makes no sense.
  ///
  /// - Parameter asksMachine: whether this machine's addresses and routing tables are asked.
  func question(asksMachine: Bool) throws -> FlowQuestion {
    let destination = try AddressAndPort(to, option: "--to")
    let source = try from.map { try AddressAndPort($0, option: "--from") }
    if let source, source.address.bitWidth != destination.address.bitWidth {
      throw ValidationError("--from and --to are of two IP families")
    }
    let number = try protocolNumber(of: destination.address)
    let hasPorts = [6, 17, 33, 132, 136].contains(number)
    if hasPorts, destination.port == nil {
      throw ValidationError("--to needs a port: \(destination.address.withPort)")
    }
    if !hasPorts, destination.port != nil || source?.port != nil {
      throw ValidationError("\(protocolText) has no ports: give addresses alone")
    }
    let machine = asksMachine ? try HostAddresses.entriesOfMachine() : []
    let addresses = try HostAddresses(
      machine + local.map { HostAddresses.Entry(CIDR(try address($0)), on: Self.standardInterface) }
        + (inbound
          ? [.init(CIDR(destination.address), on: inputInterface ?? Self.standardInterface)] : []),
      isComplete: asksMachine)
    let packet = Packet(
      from: try origin(), protocolNumber: number, source: source?.address,
      sourcePort: source?.port, to: destination.address, port: destination.port,
      icmpType: Self.echoRequest[number])
    var way = Routing.Way(interface: FlowQuestion.standardInterface)
    if asksMachine, !addresses.isOwn(destination.address, on: nil) {
      guard let known = try Routing.way(to: destination.address) else {
        throw ValidationError("--to: this machine has no way to \(destination.address)")
      }
      way = known
    }
    if let outputInterface { way.interface = outputInterface }
    return FlowQuestion(
      packet, way: way, isWayGiven: outputInterface != nil, addresses: addresses)
  }

  private func origin() throws -> Packet.Origin {
    let arrives = inbound || inputInterface != nil
    switch (uid, noSocket, arrives) {
    case (let uid?, false, false): return .socket(uid: uid, gid: gid ?? uid)
    case (nil, true, false): return .kernel
    case (nil, false, true):
      if gid != nil { throw ValidationError("what arrives has no gid") }
      return .interface(inputInterface ?? Self.standardInterface)
    default:
      throw ValidationError(
        "say where the packet comes from: --uid, --no-socket, --in or --inbound, one of them")
    }
  }

  private func protocolNumber(of address: IPAddress) throws -> UInt8 {
    switch protocolText {
    case "tcp": return 6
    case "udp": return 17
    case "icmp": return address.bitWidth == 32 ? 1 : 58
    default:
      guard let number = UInt8(protocolText) else {
        throw ValidationError("--proto is tcp, udp, icmp or 0 to 255, not \"\(protocolText)\"")
      }
      return number
    }
  }

  private func address(_ text: String) throws -> IPAddress {
    guard let address = IPAddress(text)?.canonical else {
      throw ValidationError("--local: \"\(text)\" is no address")
    }
    return address
  }

  private static let standardInterface = FlowQuestion.standardInterface
  /// RFC 792 and RFC 4443: a ping.
  private static let echoRequest: [UInt8: UInt8] = [1: 8, 58: 128]
}

/// A packet and where it would go, before rules look at it.
struct FlowQuestion {
  static let standardInterface = "eth0"

  let packet: Packet
  let outputInterface: String
  let addresses: HostAddresses

  /// - Parameter way: to addresses that aren't this host's, or to all where it was given.
  init(_ packet: Packet, way: Routing.Way, isWayGiven: Bool, addresses: HostAddresses) {
    var packet = packet
    let isOwn = addresses.isOwn(packet.destination, on: nil)
    // Who talks to an address of his own host talks from it, unless he bound another one.
    if packet.isLocallyMade, packet.source == nil {
      packet.source = isOwn ? packet.destination : way.source
    }
    self.packet = packet
    self.addresses = addresses
    outputInterface = isOwn && !isWayGiven ? "lo" : way.interface
  }

  func explanation(under rulesets: [Ruleset]) -> Explanation {
    Explanation(of: packet, leavingOn: outputInterface, addresses: addresses, under: rulesets)
  }
}

extension HostAddresses {
  fileprivate static func entriesOfMachine() throws -> [Entry] {
    try Routing.interfaces().flatMap { interface in
      interface.addresses.map { Entry(CIDR($0), on: interface.name) }
    }
  }
}

/// `10.0.0.5:443`, `[fd00::5]:443`, or an address alone.
struct AddressAndPort {
  let address: IPAddress
  let port: UInt16?

  init(_ text: String, option: String) throws {
    if let address = IPAddress(text)?.canonical {
      self.address = address
      port = nil
      return
    }
    let host: Substring
    let portText: Substring
    if text.hasPrefix("["), let end = text.lastIndex(of: "]") {
      host = text[text.index(after: text.startIndex)..<end]
      let rest = text[text.index(after: end)...]
      guard rest.hasPrefix(":") else { throw Self.error(text, option) }
      portText = rest.dropFirst()
    } else if let colon = text.lastIndex(of: ":") {
      host = text[..<colon]
      portText = text[text.index(after: colon)...]
      // An IPv6 address with a port behind it could be read in two ways.
      guard !host.contains(":") else { throw Self.error(text, option) }
    } else {
      throw Self.error(text, option)
    }
    guard let address = IPAddress(host)?.canonical else { throw Self.error(text, option) }
    self.address = address
    guard let port = UInt16(portText), port > 0, portText.allSatisfy(\.isNumber) else {
      throw ValidationError("\(option): \"\(portText)\" is no port (1 to 65535)")
    }
    self.port = port
  }

  private static func error(_ text: String, _ option: String) -> ValidationError {
    ValidationError(
      "\(option): \"\(text)\" is no address and port, such as 10.0.0.5:443 or [fd00::5]:443")
  }
}

extension IPAddress {
  /// An example with this address.
  fileprivate var withPort: String { Endpoint(address: self, port: 443).description }
}
