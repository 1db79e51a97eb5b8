import Configuration
import ControlPlane
import Foundation
import Telemetry
import Testing

@Suite("The configuration in force, as JSON")
struct DocumentJSONTests {
  private func json(_ text: String) throws -> (text: String, object: [String: Any]) {
    let document = try Document.parse(Array(text.utf8), file: "c.yaml").document
    var buffer = TextBuffer()
    document.appendJSON(workers: 3, to: &buffer)
    let object = try JSONSerialization.jsonObject(with: Data(buffer.description.utf8))
    return (buffer.description, try #require(object as? [String: Any]))
  }

  private func value(_ path: String, in object: [String: Any]) -> Any? {
    path.split(separator: ".").reduce(object as Any?) { inner, part in
      let name = part.hasSuffix("[]") ? part.dropLast(2) : part
      let found = (inner as? [String: Any])?[String(name)]
      return part.hasSuffix("[]") ? (found as? [Any])?.first : found
    }
  }

  /// With an entry in every list of sections.
  static let sidecar = """
    workspaceId: w
    egress:
      allowlist:
        - {hostPattern: a.example, ports: [443, "8000-8099"], allowedMethods: [GET], rateLimit: {perSecond: 0.25}}
      policies:
        - {name: p, sources: [10.1.0.0/16], allowlist: [{hostPattern: b.example, rateLimit: {perSecond: 5}}]}
    mtls: {workloadAPI: "unix:///run/agent.sock"}
    inbound:
      allow: [{peer: "spiffe://a.example/ns/*/sa/*", ports: [8080, "9000-9010"], allowedMethods: [GET]}]
      opaquePorts: [3306, 3307]
      probes: [{port: 8081, path: /healthz}]
    """
  static let gateway =
    sidecar + "\ncapture: {mode: gateway, gateway: {sources: [10.0.0.0/8], interfaces: [\"eth*\"]}}"

  @Test("holds every key that a document may have", arguments: [sidecar, gateway])
  func complete(text: String) throws {
    let object = try json(text).object
    for (path, _) in Document.schema.flatMap({ $0.flattened() }) {
      // A rule's one port is among its ports.
      if path.hasSuffix("[].port"), path != "inbound.probes[].port" { continue }
      if path.hasPrefix("capture.gateway."), text == Self.sidecar { continue }
      #expect(value(path, in: object) != nil, "\(path) is missing")
    }
  }

  @Test("shows defaults, and values as a document would spell them")
  func values() throws {
    let object = try json(
      Self.gateway + "\nadmin: {allowUIDs: [7, 5]}\nlimits: {peekSeconds: 0.25}"
    )
    .object
    #expect(value("adminPort", in: object) as? Int == 15000)
    #expect(value("workers", in: object) as? Int == 3)
    #expect(value("admin.allowUIDs", in: object) as? [Int] == [5, 7])
    #expect(value("limits.peekSeconds", in: object) as? Double == 0.25)
    #expect(value("limits.idleSeconds", in: object) as? Int == 3600)
    #expect(value("egress.allowlist[].name", in: object) as? String == "a.example")
    let ports = try #require(value("egress.allowlist[].ports", in: object) as? [Any])
    #expect(ports[0] as? Int == 443 && ports[1] as? String == "8000-8099")
    #expect(value("egress.allowlist[].allowedMethods", in: object) as? [String] == ["GET"])
    #expect(value("egress.allowlist[].rateLimit.perSecond", in: object) as? Double == 0.25)
    #expect(value("egress.allowlist[].rateLimit.burst", in: object) as? Int == 1)
    #expect(value("egress.policies[].sources", in: object) as? [String] == ["10.1.0.0/16"])
    #expect(
      value("egress.policies[].allowlist[].rateLimit.perSecond", in: object) as? Int == 5)
    #expect(value("audit.sink", in: object) as? String == "stdout")
    #expect(value("mtls.workloadAPI", in: object) as? String == "unix:///run/agent.sock")
    #expect(value("mtls.svidKeyPath", in: object) is NSNull)
    #expect(value("inbound.mode", in: object) as? String == "off")
    #expect(
      value("inbound.allow[].peer", in: object) as? String == "spiffe://a.example/ns/*/sa/*")
    #expect(value("inbound.opaquePorts", in: object) as? [String] == ["3306-3307"])
    #expect(value("inbound.probes[].path", in: object) as? String == "/healthz")
    #expect(value("capture.mode", in: object) as? String == "gateway")
    #expect(value("capture.gateway.interfaces", in: object) as? [String] == ["eth*"])
    #expect(value("capture.mark.mask", in: object) as? String == "0xf000")
    #expect(value("capture.resolvers", in: object) is NSNull)
  }

  @Test("escapes what a name may hold")
  func escapes() throws {
    let text = #"{workspaceId: w, egress: {allowlist: [{name: "a\"b\\", hostPattern: a.example}]}}"#
    #expect(
      value("egress.allowlist[].name", in: try json(text).object) as? String == #"a"b\"#)
  }
}
