import Foundation
import TestNetwork
import Testing

/// What a workload with CAP_NET_RAW tries below the IP layer. docs/capture.md lists the ways with
/// what stops each.
@Suite("Raw frames don't leave", .enabled(if: Requirement.privileged))
struct RawFramesTests {
  /// What the router's device received, whoever it was for. Its counters lie below every hook of its
  /// own.
  private static let watch = """
    table netdev frames {
      counter payload {}
      counter other {}
      counter neighbours {}
      counter protocols {}
      chain ingress {
        type filter hook ingress device "pod0" priority 0; policy accept;
        udp sport 40000 counter name payload
        meta protocol arp counter name neighbours
        meta protocol != { ip, ip6, arp } counter name other
        meta l4proto { 4, 41, 47, 50, 132 } counter name protocols
        ip frag-off & 0x3fff != 0 counter name protocols
        ip6 nexthdr { 0, 43, 44, 60 } ip6 daddr \(CapturedPod.evil6) counter name protocols
      }
    }
    """

  private struct Guarded {
    let pod: CapturedPod
    let routerMAC: String

    init(applied: Bool = true) throws {
      pod = try CapturedPod(applied: applied)
      try pod.router.run(["nft", "-f", Scratch.file("frames.nft", RawFramesTests.watch)]).checked()
      routerMAC = try pod.router.run(["cat", "/sys/class/net/pod0/address"]).checked().lines[0]
    }

    func frames(_ arguments: String) throws -> String {
      try pod.pod.run(
        ["/usr/bin/python3", Scratch.script("frames.py")]
          + arguments.split(separator: " ").map(String.init), as: .rawSockets
      ).checked().lines.last ?? ""
    }

    func send(_ address: String, _ options: String, mac: String? = nil) throws -> String {
      try frames("send eth0 \(mac ?? routerMAC) \(address) \(options)")
    }

    func count(_ counter: String) throws -> Int {
      // An answer of the resolver's passes the same wire: what was sent before has arrived.
      #expect(
        try pod.probe("udp \(CapturedPod.resolver4) 53 --ask", as: .proxy) == "answer: 5 bytes")
      let text = try pod.router.run(["nft", "list", "counter", "netdev", "frames", counter])
        .checked().output
      let words = text.split(whereSeparator: \.isWhitespace)
      return words.firstIndex(of: "packets").flatMap { Int(words[$0 + 1]) } ?? -1
    }

    /// What the rules of a chain in our tables count.
    func rules(_ family: String, _ table: String) throws -> String {
      try pod.pod.run(["nft", "list", "table", family, table]).checked().output
    }
  }

  static let ways = [
    "--how raw", "--how dgram", "--how bypass", "--how ring", "--how many", "--type 88b5",
    "--vlan", "--mark 0x1000", "--priority 6", "--how bypass --mark 1 --priority 1",
  ]

  @Test(
    "By AF_PACKET, however it is asked; without the guard the same frames arrive", arguments: ways)
  func packetSockets(way: String) throws {
    let place = try Guarded()
    for address in [CapturedPod.evil4, CapturedPod.evil6] {
      #expect(try place.send(address, way) == "error ENOBUFS", "\(address)")
    }
    #expect(try place.count("payload") == 0)
    #expect(try place.count("other") == 0)
    try place.pod.apply(
      """
      workspaceId: ws-test
      capture: {rawFrames: ignore, resolvers: ["\(CapturedPod.resolver4)"]}
      """)
    for address in [CapturedPod.evil4, CapturedPod.evil6] {
      #expect(try place.send(address, way) == "sent")
    }
    #expect(try place.count("payload") + place.count("other") > 0)
  }

  @Test("By raw sockets of other protocols, fragments, extension headers, neighbour discovery")
  func protocols() throws {
    let place = try Guarded()
    for address in [CapturedPod.evil4, CapturedPod.evil6] {
      for number in [4, 41, 47, 50, 132] {
        #expect(try place.frames("protocol \(address) \(number)") == "error EPERM")
      }
      for kind in ["plain", "fragment"] {
        _ = try place.frames("headers \(address) --kind \(kind)")
      }
    }
    _ = try place.frames("headers \(CapturedPod.evil4) --kind later-fragment")
    for kind in ["hop", "destination", "routing"] {
      #expect(try place.frames("headers \(CapturedPod.evil6) --kind \(kind)") == "error EPERM")
    }
    #expect(try place.frames("neighbour fd77:1::1") == "error EPERM")
    #expect(try place.count("payload") == 0)
    #expect(try place.count("protocols") == 0)
    #expect(try place.pod.wire() == .nothing)
  }

  @Test("By a frame on lo that is to be forwarded from there")
  func loopback() throws {
    let place = try Guarded()
    try place.pod.pod.shell("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
      .checked()
    for address in [CapturedPod.evil4, CapturedPod.evil6] {
      for how in ["raw", "bypass"] {
        #expect(try place.frames("send lo 00:00:00:00:00:00 \(address) --how \(how)") == "sent")
      }
    }
    #expect(try place.count("payload") == 0)
    #expect(try place.pod.wire() == .nothing)
  }

  @Test(
    "By the bits that the kernel's own packets carry: those that can be read open the door for groups only"
  )
  func readingBits() throws {
    let place = try Guarded()
    let listener = try place.pod.pod.start(
      ["/usr/bin/python3", Scratch.script("frames.py"), "listen", "eth0"], as: .rawSockets)
    try listener.waitForLine("a listener") { $0 == "ready" }
    // The kernel's reports about the groups that it joined are handed to it too.
    try listener.waitForLine("a report of groups", timeout: 20) { $0 == "report" }
    _ = try place.count("payload")
    let flow = try place.pod.startProbe("hold \(CapturedPod.evil4) 443", as: .proxy)
    _ = try flow.waitForLines(1)
    listener.signal(SIGTERM)
    try listener.waitForLine("the end of the list") { $0 == "end" }
    let bits = listener.lines.filter { $0.hasPrefix("0x") && $0 != "0x00000000 0x00000000" }
      .map { $0.split(separator: " ").map(String.init) }
    // The guard's other bits are in front of a tap only with the packet already gone.
    let marks = try place.rules("inet", "portarium_frames")
    let group = try #require(marks.split(separator: "\n").first { $0.contains("ff00::/8") })
    for pair in bits {
      #expect(group.contains("meta mark set \(pair[0]) "), "\(pair): \(marks)")
      let known = "--mark \(pair[0]) --priority \(pair[1])"
      // To the router: no. To everybody on the link: yes, as with ARP.
      #expect(try place.send(CapturedPod.evil4, known) == "error ENOBUFS")
      #expect(try place.count("payload") == 0)
      #expect(try place.send(CapturedPod.evil4, known, mac: "ff:ff:ff:ff:ff:ff") == "sent")
      #expect(try place.count("payload") == 1)
      // Where no router carries it on.
      #expect(place.pod.world.lines.allSatisfy { !$0.contains(" 40000 ") })
    }
    #expect(bits.count == 1)
  }

  @Test("What is documented: ARP frames and AF_XDP pass")
  func open() throws {
    let place = try Guarded()
    let before = try place.count("neighbours")
    #expect(try place.send(CapturedPod.evil4, "--type 0806") == "sent")
    #expect(try place.count("neighbours") > before)
    #expect(try place.send(CapturedPod.evil4, "--how xdp") == "sent")
    #expect(try place.count("payload") == 1)
  }

  @Test("What may leave does: through a narrow way, in fragments, on two devices, after the socket")
  func legitimate() throws {
    let place = try Guarded(applied: false)
    try place.pod.pod.shell("ip link add second type ifb; ip link set second up").checked()
    let output = try InitContainer.run("apply", in: place.pod.pod, document: CapturedPod.document)
      .checked().output
    #expect(output.contains("raw frames are blocked on eth0, second"))
    #expect(
      try place.frames("send second \(place.routerMAC) \(CapturedPod.evil4)") == "error ENOBUFS")
    for resolver in [CapturedPod.resolver4, CapturedPod.resolver6] {
      #expect(try place.pod.probe("udp \(resolver) 53 --ask --size 4000") == "answer: 4000 bytes")
    }
    try place.pod.narrow(to: 1400)
    for address in [CapturedPod.evil4, CapturedPod.evil6] {
      #expect(
        try place.pod.probe("push \(address) 443 3000000", as: .proxy)
          == "connected: 3000000 bytes")
    }
    // Every neighbour is asked for anew.
    try place.pod.pod.shell("ip neigh flush all; ip -6 neigh flush all").checked()
    #expect(try place.pod.probe("tcp \(CapturedPod.evil6) 443", as: .proxy).hasPrefix("connected"))
    #expect(try place.pod.probe("tcp \(CapturedPod.evil4) 443", as: .proxy).hasPrefix("connected"))
    // That one frame was dropped.
    #expect(try place.rules("netdev", "portarium").contains("counter packets 1 "))
  }

  @Test("Each apply makes new bits, and the tables go with the document's word or with remove")
  func tables() throws {
    let place = try Guarded()
    let first = try place.rules("inet", "portarium_frames")
    try place.pod.apply()
    #expect(try place.rules("inet", "portarium_frames") != first)
    for text in try [place.rules("inet", "portarium_frames"), place.rules("netdev", "portarium")] {
      #expect(!text.contains("0x00000000 meta priority none"))
    }
    try place.pod.apply("workspaceId: ws-test\ncapture: {rawFrames: ignore, resolvers: []}")
    let tables = { try place.pod.pod.run(["nft", "list", "tables"]).checked().lines }
    #expect(try tables() == ["table inet portarium"])
    try place.pod.apply()
    #expect(try tables().count == 3)
    try InitContainer.run("remove", in: place.pod.pod, document: CapturedPod.document).checked()
    #expect(try tables() == [])
  }

  @Test(
    "A device on top of another: block is refused with a sentence, and by itself it is left out")
  func stacked() throws {
    let place = try Guarded(applied: false)
    try place.pod.pod.shell(
      "ip link add second type ifb; ip link add over type bridge; ip link set second master over"
    )
    .checked()
    let refused = try InitContainer.run(
      "apply", in: place.pod.pod,
      document: "workspaceId: ws-test\ncapture: {rawFrames: block, resolvers: []}")
    #expect(refused.status == 5)
    #expect(
      refused.errors.contains(
        "capture.rawFrames: block is not possible here: second and another device"))
    #expect(try place.pod.pod.run(["nft", "list", "ruleset"]).checked().output == "")
    let output = try InitContainer.run("apply", in: place.pod.pod, document: CapturedPod.document)
      .checked().output
    #expect(
      output.contains("raw frames are not blocked: second and another device"))
  }

  @Test("An excluded device has no door, and packets for it carry no bits")
  func excluded() throws {
    let place = try Guarded(applied: false)
    try place.pod.pod.shell("ip link add second type ifb; ip link set second up").checked()
    let output = try InitContainer.run(
      "apply", in: place.pod.pod,
      document: """
        workspaceId: ws-test
        capture: {rawFrames: block, resolvers: [], interfaces: {exclude: [second]}}
        """
    ).checked().output
    #expect(output.contains("raw frames are blocked on eth0"))
    #expect(!output.contains("second"))
    #expect(try place.rules("inet", "portarium_frames").contains("oifname \"second\" accept"))
    #expect(
      try place.frames("send second \(place.routerMAC) \(CapturedPod.evil4)") == "sent")
  }
}
