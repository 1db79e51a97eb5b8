package import Foundation

/// One network namespace: an own network stack with its own addresses, names and rules.
///
/// Named after this process, so that parallel runs don't meet; deleted with the object, together
/// with every process still inside. Namespaces of runs that were killed are removed when the first
/// one of this run is made.
package final class NetworkNamespace: Sendable {
  /// The name that `ip netns` knows it by.
  package let name: String

  private static let prefix = "ptm-"
  private static let counter = Counter()
  private static let cleaned: Void = removeStale()

  /// - Parameter role: what it stands for; the end of its name.
  package init(_ role: String) throws(TestNetworkError) {
    try Requirement.check()
    _ = Self.cleaned
    name = "\(Self.prefix)\(getpid())-\(Self.counter.next())-\(role)"
    try RunningProcess(["ip", "netns", "add", name]).wait().checked()
    try ip("link", "set", "lo", "up")
    for setting in [
      "net.ipv6.conf.all.disable_ipv6=0", "net.ipv6.conf.default.disable_ipv6=0",
      "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.default.router_solicitations=0",
      "net.ipv4.ping_group_range=0 2147483647",
    ] {
      try run(["sysctl", "-qw", setting]).checked()
    }
    try names([:])
  }

  deinit { Self.remove(name) }

  /// Runs `ip` inside, with these arguments.
  package func ip(_ arguments: String...) throws(TestNetworkError) {
    try RunningProcess(["ip", "-n", name] + arguments).wait().checked()
  }

  /// Adds an address (with its prefix length) to a device; IPv6 without duplicate detection, so
  /// that it can be used at once.
  package func addAddress(_ address: String, to device: String = "lo") throws(TestNetworkError) {
    let flags = address.contains(":") ? ["nodad"] : []
    try RunningProcess(["ip", "-n", name, "address", "add", address, "dev", device] + flags)
      .wait().checked()
  }

  /// Connects two namespaces by a veth pair with the given device names.
  package static func connect(
    _ a: NetworkNamespace, _ aDevice: String, _ b: NetworkNamespace, _ bDevice: String,
    mtu: Int = 1500
  ) throws(TestNetworkError) {
    try RunningProcess([
      "ip", "link", "add", aDevice, "netns", a.name, "mtu", "\(mtu)", "type", "veth", "peer",
      "name", bDevice, "netns", b.name, "mtu", "\(mtu)",
    ]).wait().checked()
    try a.ip("link", "set", aDevice, "up")
    try b.ip("link", "set", bDevice, "up")
  }

  /// Makes the namespace forward between its devices, on both families.
  package func forward() throws(TestNetworkError) {
    for setting in ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"] {
      try run(["sysctl", "-qw", setting]).checked()
    }
  }

  /// The names that programs inside resolve, and to what; and the name servers they ask. Nothing
  /// but these: the machine's own names and servers are not seen.
  package func names(
    _ names: [String: [String]], resolvers: [String] = []
  ) throws(TestNetworkError) {
    let directory = Self.etc(name)
    let hosts =
      ["127.0.0.1 localhost", "::1 localhost"]
      + names.sorted { $0.key < $1.key }.flatMap { entry in
        entry.value.map { "\($0) \(entry.key)" }
      }
    let servers = resolvers.map { "nameserver \($0)" } + ["options timeout:1 attempts:1"]
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      try Data((hosts.joined(separator: "\n") + "\n").utf8)
        .write(to: URL(fileURLWithPath: directory + "/hosts"))
      try Data((servers.joined(separator: "\n") + "\n").utf8)
        .write(to: URL(fileURLWithPath: directory + "/resolv.conf"))
    } catch {
      throw .command(["write", directory], status: 1, output: "\(error)")
    }
  }

  /// Starts a program inside, as `user`. It reads `/etc/hosts` and `/etc/resolv.conf` as set by
  /// `names(_:resolvers:)`.
  package func start(
    _ command: [String], as user: User = .root, environment: [String: String] = [:],
    input: Data? = nil
  ) throws(TestNetworkError) -> RunningProcess {
    try RunningProcess(
      ["ip", "netns", "exec", name] + user.prefix + command, environment: environment,
      input: input)
  }

  /// Runs a program inside to its end.
  @discardableResult
  package func run(
    _ command: [String], as user: User = .root, environment: [String: String] = [:],
    input: Data? = nil, timeout: Double = 30
  ) throws(TestNetworkError) -> Finished {
    try start(command, as: user, environment: environment, input: input).wait(timeout: timeout)
  }

  /// Runs a shell line inside; `set -e` holds.
  @discardableResult
  package func shell(
    _ line: String, as user: User = .root, timeout: Double = 30
  ) throws(TestNetworkError) -> Finished {
    try run(["sh", "-ec", line], as: user, timeout: timeout)
  }

  // MARK: Cleaning up

  private static func etc(_ name: String) -> String { "/etc/netns/\(name)" }

  private static func remove(_ name: String) {
    if let inside = try? RunningProcess(["ip", "netns", "pids", name]).wait() {
      for pid in inside.lines.compactMap({ pid_t($0) }) { kill(pid, SIGKILL) }
    }
    _ = try? RunningProcess(["ip", "netns", "del", name]).wait()
    try? FileManager.default.removeItem(atPath: etc(name))
  }

  private static func removeStale() {
    let present = (try? FileManager.default.contentsOfDirectory(atPath: "/run/netns")) ?? []
    for name in present where name.hasPrefix(prefix) {
      guard let field = name.dropFirst(prefix.count).split(separator: "-").first,
        let pid = pid_t(field), kill(pid, 0) != 0, errno == ESRCH
      else { continue }
      remove(name)
    }
  }
}

/// Hands out small numbers, each once.
private final class Counter: @unchecked Sendable {
  /// The invariant behind `@unchecked Sendable`: `last` is used with `lock` held.
  private let lock = NSLock()
  private var last = 0

  func next() -> Int {
    lock.withLock {
      last += 1
      return last
    }
  }
}
