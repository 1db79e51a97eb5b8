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

  /// The bytes that wait to be sent or acknowledged on established connections from or to this port.
  package static func unsent(withPort port: Int, inNamespaceOf pid: pid_t) -> Int {
    table(of: pid).filter { $0.state == 1 && ($0.localPort == port || $0.remotePort == port) }
      .reduce(0) { $0 + $1.unsent }
  }

  private static let listen = 10

  private struct Row {
    let localPort: Int
    let remotePort: Int
    let state: Int
    let unsent: Int
  }

  private static func table(of pid: pid_t) -> [Row] {
    ["tcp", "tcp6"].flatMap { name -> [Row] in
      let path = "/proc/\(pid)/net/\(name)"
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
      return text.split(separator: "\n").dropFirst().compactMap { line in
        let fields = line.split(separator: " ")
        guard fields.count > 4, let local = number(after: ":", in: fields[1]),
          let remote = number(after: ":", in: fields[2]), let state = Int(fields[3], radix: 16),
          let unsent = fields[4].split(separator: ":").first.flatMap({ Int($0, radix: 16) })
        else { return nil }
        return Row(localPort: local, remotePort: remote, state: state, unsent: unsent)
      }
    }
  }

  private static func number(after separator: Character, in field: Substring) -> Int? {
    field.split(separator: separator).last.flatMap { Int($0, radix: 16) }
  }
}
