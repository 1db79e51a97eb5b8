import Foundation

/// nginx in a namespace: one site per name, in the clear and over TLS.
///
/// Every request is answered `METHOD scheme host path` (200), except: `/files/NAME` serves what a
/// test has put into `root`, PUT to `/uploads/NAME` puts it there, `/reset` closes the connection without an answer.
package final class WebServer: Sendable {
  /// The nginx master. Its standard output is the access log, one JSON object per request.
  package let process: RunningProcess
  /// Files in it are served under `/files/`.
  package let root: String

  /// One request as the server saw it.
  package struct Request: Sendable {
    package let fields: [String: String]
    package var method: String { fields["method"] ?? "" }
    package var uri: String { fields["uri"] ?? "" }
    package var host: String { fields["host"] ?? "" }
    package var traceparent: String { fields["traceparent"] ?? "" }
    package var tracestate: String { fields["tracestate"] ?? "" }
  }

  /// - Parameters:
  ///   - names: what the certificate is for.
  ///   - addresses: where it listens.
  ///   - plain: ports in the clear.
  ///   - tls: ports over TLS.
  package init(
    in namespace: NetworkNamespace, names: [String], addresses: [String] = ["0.0.0.0", "::"],
    plain: [Int] = [80], tls: [Int] = [443]
  ) throws(TestNetworkError) {
    let directory = Scratch.makeDirectory("nginx")
    root = "\(directory)/files"
    try? FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    let pair = try CertificateAuthority.server(names)
    let listeners =
      plain.flatMap { port in addresses.map { "listen \(Self.bracketed($0)):\(port);" } }
      + tls.flatMap { port in addresses.map { "listen \(Self.bracketed($0)):\(port) ssl;" } }
    let configuration = Scratch.file(
      "nginx.conf",
      """
      user root;
      daemon off;
      worker_processes 1;
      worker_rlimit_nofile 19000;
      pid \(directory)/nginx.pid;
      error_log stderr warn;
      events { worker_connections 9000; }
      http {
        log_format seen escape=json '{"method":"$request_method","uri":"$request_uri",'
          '"host":"$http_host","traceparent":"$http_traceparent",'
          '"tracestate":"$http_tracestate","status":"$status",'
          '"workspace":"$http_x_portarium_workspace_id","scheme":"$scheme"}';
        access_log /dev/stdout seen;
        client_body_temp_path \(directory)/body;
        proxy_temp_path \(directory)/proxy;
        fastcgi_temp_path \(directory)/fastcgi;
        uwsgi_temp_path \(directory)/uwsgi;
        scgi_temp_path \(directory)/scgi;
        client_max_body_size 0;
        keepalive_requests 100000;
        keepalive_timeout 120s;
        default_type text/plain;
        types { text/html html; }
        sendfile on;
        server {
          \(listeners.joined(separator: "\n          "))
          ssl_certificate \(pair.certificate);
          ssl_certificate_key \(pair.key);
          location / { return 200 "$request_method $scheme $host $request_uri"; }
          location /files/ { alias \(root)/; }
          location /uploads/ { alias \(root)/; dav_methods PUT; }
          location /reset { return 444; }
        }
      }
      """)
    process = try namespace.start(["nginx", "-p", directory, "-c", configuration])
    for port in plain + tls { try process.waitUntilListening(port) }
  }

  private static func bracketed(_ address: String) -> String {
    address.contains(":") ? "[\(address)]" : address
  }

  /// The requests seen so far, once there are at least `count`.
  package func requests(atLeast count: Int = 0) throws(TestNetworkError) -> [Request] {
    try process.waitForLines(count).compactMap { line in
      (try? JSONSerialization.jsonObject(with: Data(line.utf8))).flatMap { $0 as? [String: String] }
        .map(Request.init(fields:))
    }
  }
}
