import Addressing
import Configuration

extension JSONWriter {
  /// `capture:`, which portarium-init programs: what the sidecar's document says of it.
  mutating func append(_ capture: Configuration.Capture) {
    string("mode", capture.mode.rawValue)
    numbers("proxyUID", capture.proxyUIDs)
    numbers("proxyGID", capture.proxyGIDs)
    numbers("workloadUIDs", capture.workloadUIDs)
    object("outbound") { writer in
      writer.ports("includePorts", capture.outbound.includePorts)
      writer.ports("excludePorts", capture.outbound.excludePorts)
      writer.blocks("includeCIDRs", capture.outbound.includeCIDRs)
      writer.blocks("excludeCIDRs", capture.outbound.excludeCIDRs)
    }
    object("inbound") { writer in
      writer.boolean("redirect", capture.inbound.redirect)
      writer.ports("includePorts", capture.inbound.includePorts)
      writer.ports("excludePorts", capture.inbound.excludePorts)
    }
    if let resolvers = capture.resolvers {
      strings("resolvers", resolvers.map(\.description))
    } else {
      string("resolvers", nil)
    }
    boolean("dns", capture.dns)
    string("nonTCP", capture.nonTCP.rawValue)
    object("interfaces") { writer in
      writer.interfaces("exclude", capture.interfaces.exclude)
      writer.interfaces("treatAsOutbound", capture.interfaces.treatAsOutbound)
    }
    blocks("loopbackCIDRs", capture.loopbackCIDRs)
    if let gateway = capture.gateway {
      object("gateway") { writer in
        writer.blocks("sources", gateway.sources)
        writer.interfaces("interfaces", gateway.interfaces)
        writer.string("method", gateway.method.rawValue)
      }
    } else {
      string("gateway", nil)
    }
    boolean("dropInvalid", capture.dropInvalid)
    string("existingConnections", capture.existingConnections.rawValue)
    object("mark") { writer in
      writer.bits("value", capture.mark.value)
      writer.bits("mask", capture.mark.mask)
    }
    string("rawFrames", capture.rawFrames?.rawValue)
  }

  private mutating func blocks(_ key: StaticString, _ blocks: [CIDR]) {
    strings(key, blocks.map(\.description))
  }

  private mutating func interfaces(_ key: StaticString, _ patterns: [InterfacePattern]) {
    strings(key, patterns.map { $0.isPrefix ? "\($0.name)*" : $0.name })
  }

  private mutating func bits(_ key: StaticString, _ bits: UInt32) {
    string(key, "0x\(String(bits, radix: 16))")
  }
}
