internal import Glibc

/// What this process has taken of the machine so far. Any thread; some ten microseconds.
package struct ProcessStatistics: Sendable {
  /// Of all threads, in user space and in the kernel.
  package let cpuNanoseconds: UInt64
  package let residentBytes: UInt64
  package let virtualBytes: UInt64
  package let threads: UInt64
  package let openDescriptors: UInt64

  package init() throws(Errno) {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { throw Errno(errno) }
    cpuNanoseconds = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    // proc(5): pages of all that is mapped, and of what is in memory.
    let pages = try SmallFile.read("/proc/self/statm").split(separator: " ").map { UInt64($0) ?? 0 }
    // The program's name, in brackets, may hold anything; the rest begins with field 3.
    let fields = try SmallFile.read("/proc/self/stat").split(separator: ")").last?
      .split(separator: " ")
    guard pages.count >= 2, let fields, fields.count >= 18, let threads = UInt64(fields[17]) else {
      throw Errno(EBADMSG)
    }
    let pageSize = UInt64(sysconf(Int32(_SC_PAGESIZE)))
    virtualBytes = pages[0] * pageSize
    residentBytes = pages[1] * pageSize
    self.threads = threads
    openDescriptors = try Self.countDescriptors()
  }

  private static func countDescriptors() throws(Errno) -> UInt64 {
    var status = stat()
    guard unsafe stat("/proc/self/fd", &status) == 0 else { throw Errno(errno) }
    // Since Linux 6.2 the directory's size is how many there are.
    if status.st_size > 0 { return UInt64(status.st_size) }
    guard let directory = unsafe opendir("/proc/self/fd") else { throw Errno(errno) }
    // Open until this function ends; an entry is only looked for.
    defer { unsafe closedir(directory) }
    var count: UInt64 = 0
    while unsafe readdir(directory) != nil { count += 1 }
    // Not itself, nor the directory that it is in and the one above.
    return count - min(count, 3)
  }
}
