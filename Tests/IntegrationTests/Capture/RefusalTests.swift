import Foundation
import TestNetwork
import Testing

/// Everything that is neither captured TCP nor a question to a resolver fails at once.
@Suite("What can't be captured is refused", .enabled(if: Requirement.privileged))
struct RefusalTests {
  /// All of it in one pod: at the end, nothing of it was on the wire.
  @Test("UDP, QUIC, multicast, broadcast and pings fail at once, and nothing leaves")
  func refused() throws {
    let pod = try CapturedPod()
    for attempt in [
      "udp 10.77.2.66 443", "udp fd77:2::66 443", "udp 10.77.2.66 443 --mapped",
      "udp 10.77.2.66 443 --connected", "udp fd77:2::66 443 --connected",
      // DNS, but not to a resolver; a resolver, but not DNS.
      "udp 10.77.2.66 53", "udp fd77:2::66 53", "udp 10.77.2.53 443", "udp fd77:2::53 853",
      "udp 224.0.0.251 5353", "udp ff02::fb%eth0 5353", "udp ff05::2 443 --device eth0",
      "udp 10.77.1.255 443 --broadcast", "udp 255.255.255.255 443 --broadcast",
      "udp 10.77.2.66 443 --device eth0", "udp 10.77.2.66 443 --size 4096",
      "ping 10.77.2.66", "ping 10.77.2.53", "ping 10.77.1.1",
    ] {
      let answer = try pod.probe(attempt)
      #expect(answer == "error EPERM", "\(attempt)")
    }
    // ICMPv6 ping sockets don't pass the error on.
    let ping = try pod.probe("ping fd77:2::66 --timeout 0.2")
    #expect(ping == "silent" || ping.hasPrefix("error "))
    // Kernels from 7.0 on have no UDP-Lite.
    let lite = try pod.probe("udp 10.77.2.66 443 --protocol udplite")
    #expect(["error EPERM", "error EPROTONOSUPPORT"].contains(lite))
    #expect(try pod.wire() == .nothing)
  }

  @Test("The proxy's uid is exempt for TCP alone")
  func proxyDatagrams() throws {
    let pod = try CapturedPod()
    for attempt in ["udp 10.77.2.66 443", "udp fd77:2::66 443", "ping 10.77.2.66"] {
      #expect(try pod.probe(attempt, as: .proxy) == "error EPERM", "\(attempt)")
    }
    #expect(try pod.wire() == .nothing)
  }

  @Test("Joining a group sends no report from the workload's side of IPv4")
  func groupReports() throws {
    let pod = try CapturedPod()
    let answer = try pod.probe("join 239.1.2.3")
    #expect(answer == "joined")
    #expect(try pod.wire() == .nothing)
  }

  @Test("A connected UDP socket hears why")
  func reason() throws {
    // The send itself fails with EPERM; the ICMP error that came with it is the socket's next.
    let pod = try CapturedPod()
    #expect(try pod.probe("udp-error 10.77.2.66 443") == "error EHOSTUNREACH")
    #expect(try pod.probe("udp-error fd77:2::66 443") == "error EACCES")
  }
}
