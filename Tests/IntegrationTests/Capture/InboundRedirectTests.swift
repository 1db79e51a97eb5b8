import Foundation
import TestNetwork
import Testing

/// `inbound.redirect`: what comes from outside goes to the sidecar first.
@Suite("Redirected inbound connections", .enabled(if: Requirement.privileged))
struct InboundRedirectTests {
  private static let document =
    CapturedPod.document + "\n  inbound: {redirect: true, excludePorts: [9001, 9100-9110]}"

  @Test("The world's connections reach the inbound port, but for the excluded ones")
  func redirected() throws {
    let pod = try CapturedPod(applied: false)
    try pod.apply(Self.document)
    let sidecar = try CapturedPod.servers(
      in: pod.pod, as: .proxy,
      tcp: ["0.0.0.0 15006", ":: 15006", "127.0.0.1 15001", "::1 15001"], original: true)
    let workload = try CapturedPod.servers(
      in: pod.pod, as: .unprivileged(1001),
      tcp: ["0.0.0.0", "::"].flatMap { host in [9000, 9001, 9105].map { "\(host) \($0)" } },
      udp: ["\(PodNetwork.podAddress4) 9000", "\(PodNetwork.podAddress6) 9000"])
    for (own, world) in [
      (PodNetwork.podAddress4, PodNetwork.worldAddress4),
      (PodNetwork.podAddress6, PodNetwork.worldAddress6),
    ] {
      func connected(_ how: String, _ port: Int) -> String {
        "connected: \(how) \(world) to \(own) \(port): hello"
      }
      // The world has other addresses too, and what answers the evil one counts as an escape.
      try Attempt.expect(
        [
          ("tcp \(own) 9000 --source \(world)", connected("captured", 9000)),
          // Nobody needs to listen there.
          ("tcp \(own) 80 --source \(world)", connected("captured", 80)),
          ("tcp \(own) 9001 --source \(world)", connected("direct", 9001)),
          ("tcp \(own) 9105 --source \(world)", connected("direct", 9105)),
          ("udp \(own) 9000 --ask --source \(world)", "answer: 5 bytes"),
          // The sidecar's own ports are nobody's way around it.
          ("tcp \(own) 15006 --timeout 0.3 --source \(world)", "silent"),
          ("tcp \(own) 15001 --timeout 0.3 --source \(world)", "silent"),
          // healthPort: straight to whoever listens.
          ("tcp \(own) 15021 --source \(world)", "error ECONNREFUSED"),
        ], in: pod.network.world)
      let hairpin = "connected: direct \(own) to \(own) 9000: hello"
      #expect(try pod.probe("tcp \(own) 9000") == hairpin)
      #expect(try pod.probe("tcp \(own) 9000", as: .proxy) == hairpin)
      #expect(try pod.probe("tcp \(own) 15006") == "error ECONNREFUSED")
    }
    #expect(
      try pod.probe("tcp \(CapturedPod.evil4) 443")
        == "connected: captured 10.77.1.2 to \(CapturedPod.evil4) 443: hello")
    #expect(try pod.probe("udp \(CapturedPod.evil6) 443") == "error EPERM")
    let wire = try pod.wire()
    #expect(wire == .nothing, "\(wire)")
    withExtendedLifetime((sidecar, workload)) {}
  }
}
