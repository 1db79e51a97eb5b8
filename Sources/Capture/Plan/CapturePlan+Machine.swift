internal import Addressing
internal import Configuration
package import Kernel

/// Why the machine can't be asked what the plan leaves to it, or contradicts the plan.
package enum MachineError: Error, Hashable, Sendable {
  case unreadable(path: String, Errno)
  case badResolver(path: String, ResolverFile.BadLine)
  /// 65534 stands for every unmapped uid inside a user namespace: exempting it exempts them all.
  case proxyUIDUnmapped(UInt32)
}

extension MachineError: CustomStringConvertible {
  /// One sentence without a full stop.
  package var description: String {
    switch self {
    case .unreadable(let path, let errno): "\(path) can't be read: \(errno)"
    case .badResolver(let path, let bad):
      "\(path):\(bad.line): no address of a name server: \"\(bad.text)\""
    case .proxyUIDUnmapped(let uid):
      "capture.proxyUID: \(uid) is what every uid looks like that this user namespace doesn't map"
    }
  }
}

extension CapturePlan {
  /// The plan with what only the machine knows, checked against it. What `apply` programs, and all
  /// in which that differs from the plan.
  package func completed(
    resolverFile: String = ResolverFile.standardPath, uidMap: String = "/proc/self/uid_map"
  ) throws(MachineError) -> CapturePlan {
    try checkUIDs(uidMap)
    guard capture.resolvers == nil else { return self }
    let text = try Self.text(of: resolverFile)
    do throws(ResolverFile.BadLine) {
      return settingResolvers(try ResolverFile.servers(in: text))
    } catch {
      throw .badResolver(path: resolverFile, error)
    }
  }

  private func checkUIDs(_ uidMap: String) throws(MachineError) {
    guard capture.proxyUIDs.contains(Self.overflowUID) else { return }
    let fields = try Self.text(of: uidMap).split { $0 == " " || $0 == "\n" }
    guard fields == ["0", "0", "4294967295"] else { throw .proxyUIDUnmapped(Self.overflowUID) }
  }

  /// The kernel's default of /proc/sys/kernel/overflowuid.
  private static let overflowUID: UInt32 = 65534

  private static func text(of path: String) throws(MachineError) -> String {
    do throws(Errno) {
      return try SmallFile.read(path)
    } catch {
      throw .unreadable(path: path, error)
    }
  }
}
