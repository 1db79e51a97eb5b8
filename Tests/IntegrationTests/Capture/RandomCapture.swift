import SeededRandom

/// Makes documents at random in which every key of `capture:` takes part that changes where
/// packets go. The addresses and ports are those of `ExplainScene`.
struct RandomCapture {
  var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func document() -> String {
    var lines = ["workspaceId: ws-test"]
    for (key, port) in [
      ("adminPort", 15000), ("proxyPort", 15001), ("inboundPort", 15006), ("dnsPort", 15053),
    ] where chance(4) {
      lines.append("\(key): \(port + 1000)")
    }
    lines += ["capture:", "  rawFrames: ignore"]
    // Never both of the uids that probes are sent by.
    let uid = pick(["1337", "1338", "[1337, 2000]"])
    lines.append("  proxyUID: \(uid)")
    if chance(3) { lines.append("  proxyGID: \(pick(["1337", "[4444, 5555]"]))") }
    lines.append("  resolvers: \(pick(resolvers))")
    lines += outbound()
    if chance(4) { lines.append("  dns: true") }
    if chance(2) { lines.append("  nonTCP: \(pick(["reject", "drop", "allow"]))") }
    if chance(4) { lines.append("  dropInvalid: true") }
    if chance(4) { lines.append("  existingConnections: keep") }
    if chance(4) { lines.append("  mark: {value: 0x10, mask: 0xf0}") }
    if chance(3) {
      lines += gateway()
    } else {
      lines += sidecar()
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private mutating func outbound() -> [String] {
    var lines: [String] = []
    let lists = [
      ("includePorts", ports), ("excludePorts", ports), ("includeCIDRs", blocks),
      ("excludeCIDRs", blocks),
    ]
    for (key, entries) in lists where chance(4) {
      let chosen = (0...(random.next() % 3)).map { _ in pick(entries) }
      lines.append("    \(key): [\(chosen.joined(separator: ", "))]")
    }
    return lines.isEmpty ? [] : ["  outbound:"] + lines
  }

  private mutating func sidecar() -> [String] {
    var lines: [String] = []
    if chance(3) {
      lines.append("  inbound:")
      lines.append("    redirect: true")
      if chance(2) { lines.append("    includePorts: [\(pick(["80", "8000-9000", "22, 443"]))]") }
      if chance(2) { lines.append("    excludePorts: [\(pick(["80", "8443-9100", "22, 53"]))]") }
    }
    switch random.next() % 6 {
    case 0: lines.append("  interfaces: {exclude: [\(pick(["eth1", "\"eth1*\"", "vm0"]))]}")
    case 1: lines.append("  interfaces: {treatAsOutbound: [\(pick(["vm0", "\"vm*\""]))]}")
    case 2: lines.append("  interfaces: {treatAsOutbound: [vm0], exclude: [eth1]}")
    default: break
    }
    if chance(4) {
      lines.append(
        "  loopbackCIDRs: [\(pick(["127.0.0.1", "127.0.0.0/24", "127.0.0.0/9, \"::1\""]))]")
    }
    return lines
  }

  private mutating func gateway() -> [String] {
    let sources = pick([
      "10.77.5.0/24, \"fd77:5::/64\"", "10.77.0.0/16", "\"fd77::/16\"",
      "10.77.5.2, \"fd77:6::/64\"",
    ])
    let interfaces = pick(["vm0", "\"vm*\"", "vm0, absent0"])
    return [
      "  mode: gateway", "  gateway:", "    sources: [\(sources)]",
      "    interfaces: [\(interfaces)]",
    ]
  }

  private let resolvers = [
    "[]", "[10.99.0.53, \"fd99::53\"]", "[10.99.0.53]", "[\"fd99::53\", 127.0.0.53]",
  ]
  private let ports = ["80", "443", "22", "8000-9000", "53", "1-1023", "9", "15001"]
  private let blocks = [
    "10.99.0.0/25", "10.99.0.64/26", "10.99.0.0/16", "10.97.0.128/25", "10.99.0.53",
    "\"fd99::/120\"", "\"fd99::80/121\"", "\"fd97::/32\"", "\"fd99::53\"", "127.0.0.0/8",
    "10.77.5.0/24",
  ]

  private mutating func chance(_ one: UInt64) -> Bool { random.next() % one == 0 }

  private mutating func pick(_ elements: [String]) -> String {
    elements.randomElement(using: &random)!
  }
}
