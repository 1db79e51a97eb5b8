internal import CLinux
internal import Glibc

/// How many processors this process may use.
package enum CPULimit {
  /// The cgroup's quota rounded up, v2 or v1; nil where there is none.
  package static func ofCgroup() -> Int? {
    if let line = firstLine(of: "/sys/fs/cgroup/cpu.max") {
      let parts = line.split(separator: " ")
      guard parts.count == 2 else { return nil }
      return processors(quota: Int(parts[0]), period: Int(parts[1]))
    }
    let quota = firstLine(of: "/sys/fs/cgroup/cpu/cpu.cfs_quota_us").flatMap { Int($0) }
    let period = firstLine(of: "/sys/fs/cgroup/cpu/cpu.cfs_period_us").flatMap { Int($0) }
    return processors(quota: quota, period: period)
  }

  /// - Parameter quota: microseconds of every `period`; nil (`max`) or negative is no limit.
  static func processors(quota: Int?, period: Int?) -> Int? {
    guard let quota, quota > 0, let period, period > 0 else { return nil }
    return max(1, (quota + period - 1) / period)
  }

  private static func firstLine(of path: String) -> Substring? {
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return nil }
    let file = Descriptor(owning: number)
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = unsafe pl_read(file.number, &bytes, bytes.count)
    guard count > 0 else { return nil }
    return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").first
  }
}
