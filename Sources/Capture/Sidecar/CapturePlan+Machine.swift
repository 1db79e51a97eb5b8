internal import Addressing
package import Kernel

/// Why the machine can't be asked what the plan leaves to it.
package enum MachineError: Error, Hashable, Sendable {
  case unreadable(path: String, Errno)
  case badResolver(path: String, ResolverFile.BadLine)
  case plan(CapturePlanError)
}

extension MachineError: CustomStringConvertible {
  /// One sentence without a full stop.
  package var description: String {
    switch self {
    case .unreadable(let path, let errno): "\(path) can't be read: \(errno)"
    case .badResolver(let path, let bad):
      "\(path):\(bad.line): no address of a name server: \"\(bad.text)\""
    case .plan(let error): error.description
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
    guard case .system = resolvers else { return self }
    let text = try Self.text(of: resolverFile)
    let servers: [IPAddress]
    do throws(ResolverFile.BadLine) {
      servers = try ResolverFile.servers(in: text)
    } catch {
      throw .badResolver(path: resolverFile, error)
    }
    do throws(CapturePlanError) {
      return try settingResolvers(servers)
    } catch {
      throw .plan(error)
    }
  }

  private func checkUIDs(_ uidMap: String) throws(MachineError) {
    guard proxyUIDs.contains(Self.overflowUID) else { return }
    let fields = try Self.text(of: uidMap).split { $0 == " " || $0 == "\n" }
    guard fields == ["0", "0", "4294967295"] else {
      throw .plan(.proxyUIDUnmapped(Self.overflowUID))
    }
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
