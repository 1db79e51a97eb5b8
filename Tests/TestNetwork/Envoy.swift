import Foundation

/// Envoy from the package index, with a configuration of a test's.
package enum Envoy {
  /// Starts it in a namespace and waits until it listens on `port`.
  ///
  /// - Parameter configuration: a bootstrap document in YAML.
  package static func start(
    in namespace: NetworkNamespace, _ configuration: String, listeningOn port: Int
  ) throws(TestNetworkError) -> RunningProcess {
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw .missing(["Envoy (.ci/python-packages brings it)"])
    }
    let process = try namespace.start([
      program, "-c", Scratch.file("envoy.yaml", configuration), "--concurrency", "1",
      "--disable-hot-restart", "--log-level", "error",
    ])
    try process.waitUntilListening(port)
    return process
  }

  private static let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../.build/python/envoy/_bin/envoy").standardized.path
}
