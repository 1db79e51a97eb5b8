import Foundation

/// The project's programs, as built beside the tests.
package enum Binary: String, Sendable {
  case initContainer = "portarium-init"
  case sidecar = "portarium-sidecar"

  /// A copy that every uid may read and execute: a checkout may lie in a home directory that only
  /// root may enter. `PORTARIUM_BIN`, a directory, overrides where the original is looked for.
  package var path: String {
    get throws(TestNetworkError) {
      let target = Scratch.path(rawValue)
      let source = try Self.find(rawValue)
      return try Self.copied(source, to: target)
    }
  }

  /// Whether the programs are built for release, as `make test` builds them, and without a
  /// sanitizer: what they cost is only measured then.
  package static var isRelease: Bool {
    guard Sanitizer.current == nil, let path = try? find(Binary.sidecar.rawValue) else {
      return false
    }
    return URL(fileURLWithPath: path).resolvingSymlinksInPath().path.contains("/release/")
  }

  private static func copied(
    _ source: String, to target: String
  ) throws(TestNetworkError) -> String {
    Scratch.copying.lock()
    defer { Scratch.copying.unlock() }
    if FileManager.default.fileExists(atPath: target) { return target }
    // Copied under another name first: `Scratch` may be read by a test in another process.
    try RunningProcess(["install", "-m", "755", source, target]).wait().checked()
    return target
  }

  private static func find(_ name: String) throws(TestNetworkError) -> String {
    let files = FileManager.default
    var searched: [String] = []
    if let override = ProcessInfo.processInfo.environment["PORTARIUM_BIN"] {
      searched.append(override)
    }
    // .build/debug/portariumPackageTests.xctest, run by a helper elsewhere that names it.
    for argument in CommandLine.arguments where argument.contains(".xctest") {
      searched.append(URL(fileURLWithPath: argument).deletingLastPathComponent().path)
    }
    searched.append(Bundle.main.bundleURL.path)
    searched.append(
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent(".build/debug").path)
    for directory in searched where files.isExecutableFile(atPath: "\(directory)/\(name)") {
      return "\(directory)/\(name)"
    }
    throw .noBinary(name, searched: searched)
  }
}
