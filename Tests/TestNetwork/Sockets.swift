package import Foundation

/// What the kernel says about a network namespace's TCP sockets, read through `/proc/PID/net`: no
/// process is started and no connection made.
package enum Sockets {
  /// The TCP ports listened on, on either family, in the namespace of a process.
  package static func listening(inNamespaceOf pid: pid_t) -> Set<Int> {
    Set(table(of: pid).filter { $0.state == listen }.map(\.localPort))
  }

  /// How many established TCP connections have this local port.
  package static func established(onPort port: Int, inNamespaceOf pid: pid_t) -> Int {
    table(of: pid).count { $0.state == 1 && $0.localPort == port }
  }

  private static let listen = 10

  private static func table(of pid: pid_t) -> [(localPort: Int, state: Int)] {
    ["tcp", "tcp6"].flatMap { name -> [(localPort: Int, state: Int)] in
      let path = "/proc/\(pid)/net/\(name)"
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
      return text.split(separator: "\n").dropFirst().compactMap { line in
        let fields = line.split(separator: " ")
        guard fields.count > 3, let colon = fields[1].lastIndex(of: ":"),
          let port = Int(fields[1][fields[1].index(after: colon)...], radix: 16),
          let state = Int(fields[3], radix: 16)
        else { return nil }
        return (port, state)
      }
    }
  }
}
