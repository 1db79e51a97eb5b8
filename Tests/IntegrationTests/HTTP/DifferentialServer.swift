import Foundation
import TestNetwork
import Testing

/// A server that says of every request how it read it: one line, its parts separated by tabs, bytes
/// but printable ASCII as `\xNN`.
enum DifferentialServer: String, CaseIterable, CustomTestStringConvertible {
  case nginx
  case h11
  var testDescription: String { rawValue }

  /// One request as the server understood it.
  struct Request {
    /// Where it came in.
    let address: String
    let method: String
    let target: String
    let host: String
    let status: Int
    /// Bytes that it took up, head and framing included.
    let length: Int
    /// Without its framing.
    let body: String

    init?(_ line: String) {
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 7, let status = Int(parts[4]), let length = Int(parts[5]) else {
        return nil
      }
      (address, method, target) = (parts[0], parts[1], parts[2])
      (host, body) = (parts[3], parts[6] == "-" ? "" : parts[6])
      (self.status, self.length) = (status, length)
    }

    /// What the policy was asked about and the upstream was sent, in one form for all readers.
    var summary: String {
      Self.summary(method: method, target: target, host: host, length: length)
    }

    static func summary(method: String, target: String, host: String, length: Int) -> String {
      var path = target[...]
      if let scheme = target.firstRange(of: "://"), !target.hasPrefix("/") {
        path = target[scheme.upperBound...].drop { $0 != "/" && $0 != "?" }
      }
      path = path.prefix { $0 != "?" }
      let name = host.lowercased().prefix { $0 != ":" }
      return "\(method) \(name) \(path.isEmpty ? "/" : path) \(length)"
    }
  }

  func start(in world: NetworkNamespace) throws -> RunningProcess {
    switch self {
    case .h11:
      let server = try world.start(["/usr/bin/python3", Scratch.script("h11_server.py"), "80"])
      try server.waitForLine("ready") { $0 == "ready" }
      return server
    case .nginx:
      let directory = Scratch.makeDirectory("differential")
      let file = Scratch.file("nginx.conf", Self.configuration(directory))
      let server = try world.start(["nginx", "-p", directory, "-c", file])
      try server.waitUntilListening(80)
      return server
    }
  }

  /// All requests, once every connection has ended.
  func requests(seenBy server: RunningProcess) throws -> [Request] {
    switch self {
    case .h11:
      server.signal(SIGUSR1)
      try server.waitForLine("done", timeout: 60) { $0 == "done" }
    case .nginx:
      server.signal(SIGQUIT)
      try server.wait(timeout: 30)
    }
    return server.lines.compactMap(Request.init)
  }

  /// Bodies are read because they are passed on, to a server beside it that answers everything.
  private static func configuration(_ directory: String) -> String {
    """
    user root;
    daemon off;
    worker_processes 1;
    worker_rlimit_nofile 9000;
    pid \(directory)/nginx.pid;
    error_log stderr crit;
    events { worker_connections 4000; }
    http {
      log_format seen '$server_addr\t$request_method\t$request_uri\t$host\t'
        '$status\t$request_length\t$request_body';
      client_body_temp_path \(directory)/body;
      proxy_temp_path \(directory)/proxy;
      fastcgi_temp_path \(directory)/fastcgi;
      uwsgi_temp_path \(directory)/uwsgi;
      scgi_temp_path \(directory)/scgi;
      client_body_buffer_size 64k;
      server {
        listen 80;
        listen [::]:80;
        access_log /dev/stdout seen;
        location / { proxy_pass http://unix:\(directory)/inner; }
      }
      server {
        listen unix:\(directory)/inner;
        access_log off;
        location / { return 200; }
      }
    }
    """
  }
}
