import Foundation
import TestNetwork
import Testing

/// Other people's programs as peers of a sidecar: they present an SVID, and verify the sidecar's.
@Suite("Inbound peers", .serialized, .enabled(if: Requirement.privileged))
struct InboundPeersTests {
  static let inbound = """
    mode: strict
    allow: [{peer: "spiffe://portarium.test/ns/shop/sa/*", port: 8080}]
    """

  /// nginx presents its certificate and verifies the chain; it knows no names of SPIFFE's.
  @Test func `nginx as a client`() throws {
    let scene = try IdentityScene(inbound: Self.inbound)
    let svid = try scene.authority.svid("/ns/shop/sa/nginx")
    let directory = Scratch.makeDirectory("nginx-client")
    let configuration = Scratch.file(
      "nginx.conf",
      """
      user root;
      daemon off;
      pid \(directory)/nginx.pid;
      error_log stderr warn;
      events {}
      http {
        access_log off;
        server {
          listen 127.0.0.1:9000;
          location / {
            proxy_pass https://\(IdentityScene.pod4):8080;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_ssl_certificate \(svid.certificatePath);
            proxy_ssl_certificate_key \(svid.keyPath);
            proxy_ssl_trusted_certificate \(scene.authority.bundlePath);
            proxy_ssl_verify off;
          }
        }
      }
      """)
    let nginx = try scene.network.world.start(["nginx", "-p", directory, "-c", configuration])
    try nginx.waitUntilListening(9000)
    for number in 0..<3 {
      let answer = try scene.curl("http://127.0.0.1:9000/\(number)", as: nil)
      #expect(answer.status == 200, "\(answer)")
    }
    let (records, status) = try scene.sidecar.drain()
    #expect(status == 0)
    #expect(records.map { $0.shown("peerSpiffeId") } == Array(repeating: svid.id, count: 3))
  }

  /// Envoy verifies that the sidecar is who it should be, by its SPIFFE ID.
  @Test(arguments: [true, false]) func `Envoy as a client`(isRightID: Bool) throws {
    let scene = try IdentityScene(inbound: Self.inbound)
    let svid = try scene.authority.svid("/ns/shop/sa/envoy")
    let expected = isRightID ? scene.own.id : "spiffe://portarium.test/ns/shop/sa/someone-else"
    let envoy = try Envoy.start(
      in: scene.network.world,
      """
      static_resources:
        listeners:
        - address: {socket_address: {address: 127.0.0.1, port_value: 9000}}
          filter_chains:
          - filters:
            - name: http
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: in
                http_filters:
                - name: router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                route_config:
                  virtual_hosts:
                  - {name: all, domains: ["*"], routes: [{match: {prefix: "/"}, route: {cluster: pod}}]}
        clusters:
        - name: pod
          type: STATIC
          load_assignment:
            cluster_name: pod
            endpoints:
            - lb_endpoints:
              - endpoint: {address: {socket_address: {address: \(IdentityScene.pod4), port_value: 8080}}}
          transport_socket:
            name: tls
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
              common_tls_context:
                tls_certificates:
                - certificate_chain: {filename: \(svid.certificatePath)}
                  private_key: {filename: \(svid.keyPath)}
                validation_context:
                  trusted_ca: {filename: \(scene.authority.bundlePath)}
                  match_typed_subject_alt_names:
                  - {san_type: URI, matcher: {exact: "\(expected)"}}
      """, listeningOn: 9000)
    for number in 0..<3 {
      let answer = try scene.curl("http://127.0.0.1:9000/\(number)", as: nil)
      #expect(answer.status == (isRightID ? 200 : 503), "\(answer)")
    }
    #expect(try scene.workload.requests().count == (isRightID ? 3 : 0))
    let (records, _) = try scene.sidecar.drain()
    if isRightID {
      #expect(records.map { $0.shown("peerSpiffeId") } == Array(repeating: svid.id, count: 3))
    } else {
      #expect(records.allSatisfy { $0.decision == "deny" || $0.outcome == "client-gone" })
    }
    withExtendedLifetime(envoy) {}
  }

  /// Python's ssl module, with each version: the sidecar presents its whole chain.
  @Test(arguments: ["TLSv1_2", "TLSv1_3"]) func `Python's ssl as a client`(version: String) throws {
    let scene = try IdentityScene(inbound: Self.inbound)
    let svid = try scene.authority.svid("/ns/shop/sa/python")
    let program = """
      import socket, ssl
      context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
      context.check_hostname = False
      context.minimum_version = context.maximum_version = ssl.TLSVersion.\(version)
      context.load_verify_locations("\(scene.authority.bundlePath)")
      context.load_cert_chain("\(svid.certificatePath)", "\(svid.keyPath)")
      with context.wrap_socket(socket.create_connection(("\(IdentityScene.pod4)", 8080), 20)) as tls:
          names = [name for kind, name in tls.getpeercert()["subjectAltName"] if kind == "URI"]
          tls.sendall(b"GET / HTTP/1.1\\r\\nHost: workload\\r\\nConnection: close\\r\\n\\r\\n")
          answer = b""
          while part := tls.recv(65536):
              answer += part
      print(names[0], answer.split()[1].decode())
      """
    let finished = try scene.network.world.run(
      ["/usr/bin/python3", "-c", program], as: .unprivileged(1001)
    ).checked()
    #expect(finished.lines.last == "\(scene.own.id) 200")
  }
}
