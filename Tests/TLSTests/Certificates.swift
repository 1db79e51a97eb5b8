import Addressing
import Foundation
import TLS
import TestNetwork

/// What the scripts beside this file make, once per run: bundles, good SVIDs, hostile ones.
enum Certificates {
  static let folder: String = {
    let folder = Scratch.makeDirectory("certificates")
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Scripts/certificates.py").path
    let result = try? RunningProcess(
      ["/usr/bin/python3", script, folder],
      environment: ["PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"]
    ).wait()
    precondition(result?.succeeded == true, "no certificates: \(String(describing: result))")
    return folder
  }()

  static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(path)")))
  }

  /// The names of the files in a folder, without what follows the dot.
  static func names(in group: String) -> Set<String> {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(group)")) ?? []
    return Set(files.map { String($0.prefix { $0 != "." }) })
  }

  static func chain(_ name: String) throws -> [UInt8] { try bytes("\(name).pem") }
  static func key(_ name: String) throws -> [UInt8] { try bytes("\(name).key") }

  static func svid(_ name: String = "direct") throws -> X509SVID {
    try X509SVID(chainPEM: chain("good/\(name)"), keyPEM: key("good/\(name)"))
  }

  static func bundle(_ domain: String = "example.org") throws -> TrustBundle {
    try TrustBundle(pem: bytes("bundles/\(domain).pem"))
  }

  /// All bundles that the script has made, by their trust domains.
  static func bundles() throws -> TrustBundles { try read.get() }

  private static let read = Result {
    let domains = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/bundles")
      .map { String($0.dropLast(4)) }
    return TrustBundles(
      try Dictionary(uniqueKeysWithValues: domains.map { (try TrustDomain($0), try bundle($0)) }))
  }

  /// Some time in 2027, in nanoseconds since the epoch: within what is valid, from 2020 to 2048.
  static let now: UInt64 = 1_800_000_000 * 1_000_000_000
  static let clock: @Sendable () -> UInt64 = { now }
}

extension SPIFFEID {
  /// Whom the good SVIDs are of.
  static let web = try! SPIFFEID("spiffe://example.org/ns/prod/sa/web")
}
