internal import Configuration
internal import Kernel

/// Who this process is and what it, or whatever it starts, may do: /proc/self/status.
struct ProcessRights: Hashable, Sendable {
  /// Of files and sockets that it makes.
  var uid: UInt32
  var gid: UInt32
  /// A bit for each capability that it, or what it starts, can ever have.
  var boundingSet: UInt64
  var hasNoNewPrivileges: Bool

  /// Nil where /proc can't be read.
  static func own() -> ProcessRights? {
    do throws(Errno) {
      return ProcessRights(status: try SmallFile.read("/proc/self/status"))
    } catch {
      return nil
    }
  }

  /// Nil where a line is missing: proc(5).
  init?(status: String) {
    var fields: [Substring: [Substring]] = [:]
    for line in status.split(separator: "\n") {
      let words = line.split { $0 == "\t" || $0 == " " }
      if let name = words.first { fields[name] = Array(words.dropFirst()) }
    }
    // Real, effective, saved, and that of the file system.
    guard let uids = fields["Uid:"], uids.count == 4, let uid = UInt32(uids[3]),
      let gids = fields["Gid:"], gids.count == 4, let gid = UInt32(gids[3]),
      let set = fields["CapBnd:"]?.first.flatMap({ UInt64($0, radix: 16) }),
      let noNewPrivileges = fields["NoNewPrivs:"]?.first
    else { return nil }
    self.uid = uid
    self.gid = gid
    boundingSet = set
    hasNoNewPrivileges = noNewPrivileges == "1"
  }

  /// What makes this process the proxy in the rules' eyes; nil: nothing.
  func proxyIdentity(_ plan: CapturePlan) -> String? {
    if plan.capture.proxyUIDs.contains(uid) { return "uid \(uid)" }
    if plan.capture.proxyGIDs.contains(gid) { return "gid \(gid)" }
    return nil
  }

  /// What a workload with the same rights could do about the rules. Each one sentence without a
  /// full stop.
  func warnings(for plan: CapturePlan) -> [String] {
    guard plan.capture.gateway == nil else { return [] }
    var warnings: [String] = []
    if has(Capability.netRaw) {
      warnings.append(
        "this container may have CAP_NET_RAW: a workload with it can send raw frames past the rules"
      )
    }
    if has(Capability.setUID) || (has(Capability.setGID) && !plan.capture.proxyGIDs.isEmpty) {
      warnings.append(
        "this container may have CAP_SETUID or CAP_SETGID: a workload with it can become the proxy")
    }
    if !hasNoNewPrivileges {
      warnings.append(
        "this container may gain privileges by setuid files: set allowPrivilegeEscalation to false")
    }
    return warnings
  }

  private func has(_ capability: UInt64) -> Bool { boundingSet & 1 << capability != 0 }

  /// linux/capability.h
  private enum Capability {
    static let setGID: UInt64 = 6
    static let setUID: UInt64 = 7
    static let netRaw: UInt64 = 13
  }
}
