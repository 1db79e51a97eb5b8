import Foundation
import TestNetwork

/// A pod whose sidecar has an SVID and takes inbound connections, a web server in it as the
/// workload, and a world from which peers with and without SVIDs come.
final class IdentityScene {
  let network: PodNetwork
  let authority: SPIFFEAuthority
  /// nginx on 8080 and 8081, in the clear: it knows nothing of TLS.
  let workload: WebServer
  /// What the sidecar proves itself with at first.
  let own: SPIFFEAuthority.SVID
  /// Its files, mounted as Kubernetes mounts a Secret.
  let volume: Volume
  private(set) var sidecar: Sidecar
  let document: String

  static let pod4 = PodNetwork.podAddress4
  static let ownPath = "/ns/shop/sa/api"

  /// - Parameters:
  ///   - inbound: the keys of `inbound`, one per line.
  ///   - top: other keys of the document, one per line.
  ///   - limits: what goes into `limits: {…}`.
  init(inbound: String, top: String = "", limits: String = "") throws {
    network = try PodNetwork()
    authority = try SPIFFEAuthority()
    own = try authority.svid(Self.ownPath)
    volume = try Volume()
    try volume.swap(own.files(trusting: authority))
    workload = try WebServer(
      in: network.pod, names: ["workload"], plain: [8080, 8081], tls: [])
    document = """
      workspaceId: ws-test
      workers: 1
      \(top)
      mtls:
        svidCertPath: \(volume.path("svid.pem"))
        svidKeyPath: \(volume.path("svid.key"))
        trustBundlePath: \(volume.path("bundle.pem"))
      inbound:
        \(inbound.split(separator: "\n").joined(separator: "\n  "))
      limits: {\(limits)}
      capture: {resolvers: [10.77.2.53], inbound: {redirect: true}}
      """
    try InitContainer.run("apply", in: network.pod, document: document).checked()
    sidecar = try Sidecar(in: network.pod, document: document)
  }

  /// A curl of the world's, with a client certificate or without.
  ///
  /// The server's name is not looked at, for an SVID has none; `openssl s_client` shows whose it is.
  func curl(_ url: String, as peer: SPIFFEAuthority.SVID?, _ more: String...) throws
    -> ProxyScene.Answer
  {
    var arguments = ["curl", "-sS", "--insecure", "--max-time", "20", "-w", "\n%{http_code}"]
    if let peer { arguments += ["--cert", peer.certificatePath, "--key", peer.keyPath] }
    let finished = try network.world.run(arguments + more + [url], as: .unprivileged(1001))
    return ProxyScene.Answer(finished)
  }

  /// A server in the pod, as the workload, that does as told with every connection; see
  /// Scripts/peer.py.
  func listen(_ port: Int, _ steps: String...) throws -> RunningProcess {
    let server = try network.pod.start(
      ["/usr/bin/python3", Scratch.script("peer.py"), "listen", "0.0.0.0", "\(port)"] + steps,
      as: .workload)
    try server.waitForLine("ready") { $0 == "ready" }
    return server
  }

  /// `openssl s_client` from the world: what it printed on both streams, and its status.
  func openssl(
    _ port: Int, as peer: SPIFFEAuthority.SVID?, input: String = "", _ more: String...
  ) throws -> (output: String, status: Int32) {
    var command =
      "printf '\(input)' | timeout 20 openssl s_client -connect \(Self.pod4):\(port)"
      + " -CAfile \(authority.bundlePath) -verify_return_error -ign_eof"
    if let peer { command += " -cert \(peer.certificatePath) -key \(peer.keyPath)" }
    let finished = try network.world.run(
      ["sh", "-c", command + " " + more.joined(separator: " ") + " 2>&1"], as: .unprivileged(1001))
    return (finished.output, finished.status)
  }
}

extension SPIFFEAuthority.SVID {
  /// What a Secret of it holds.
  func files(trusting authority: SPIFFEAuthority) throws -> [String: String] {
    func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
    return [
      "svid.pem": try text(certificatePath), "svid.key": try text(keyPath),
      "bundle.pem": try text(authority.bundlePath),
    ]
  }
}
