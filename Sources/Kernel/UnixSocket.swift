internal import CLinux

// Unix stream sockets: non-blocking, close-on-exec.
extension Descriptor {
  /// Connects to the socket that `path` names: at most 107 bytes. EAGAIN where its server takes no
  /// more connections for now.
  package static func connecting(toUnixSocket path: String) throws(Errno) -> Descriptor {
    let socket = Descriptor(owning: try systemCall { pl_unix_stream_socket() })
    let number = socket.number
    // The path is a zero-terminated copy for the length of the call.
    _ = try systemCall { unsafe pl_unix_connect(number, path) }
    return socket
  }
}
