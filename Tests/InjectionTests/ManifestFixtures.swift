import Configuration
import Foundation
import Testing

@testable import Injection

/// The manifests in `Manifests`, written as people and programs write them.
enum ManifestFixtures {
  private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  static var names: [String] {
    let folder = tests.appendingPathComponent("Manifests").path
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return entries.filter { !$0.hasPrefix(".") }.sorted()
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: tests.appendingPathComponent("Manifests/\(name)")))
  }

  /// A file of the repository.
  static func repositoryFile(_ path: String) throws -> [UInt8] {
    let root = tests.resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent()
    return Array(try Data(contentsOf: root.appendingPathComponent(path)))
  }
}

/// The two ways in which the sidecar runs.
enum Mode: String, CaseIterable {
  case classic, native

  var options: InjectionOptions {
    var options = InjectionOptions()
    options.nativeSidecar = self == .native
    return options
  }
}

func inject(_ manifest: [UInt8], _ options: InjectionOptions = Mode.classic.options) throws
  -> [UInt8]
{
  try Injection.inject(manifest, file: "m.yaml", options: options).bytes
}

func inject(_ manifest: String, _ options: InjectionOptions = Mode.classic.options) throws -> String
{
  String(decoding: try inject(Array(manifest.utf8), options), as: UTF8.self)
}

func remove(_ manifest: [UInt8]) throws -> [UInt8] {
  try Injection.remove(manifest, file: "m.yaml").bytes
}

/// The lines with which a manifest is refused; none where it is taken.
func errors(_ manifest: String, _ options: InjectionOptions = Mode.classic.options) -> [String] {
  do throws(Injection.Failure) {
    _ = try Injection.inject(Array(manifest.utf8), file: "m.yaml", options: options)
    return []
  } catch {
    return error.errors.map(\.description)
  }
}

func warnings(
  _ manifest: String, _ options: InjectionOptions = Mode.classic.options
) throws -> [String] {
  try Injection.inject(Array(manifest.utf8), file: "m.yaml", options: options).warnings
    .map(\.description)
}

/// A pod with these lines in its `spec`, the first of which is line 6.
func pod(_ spec: String) -> String {
  let lines = spec.split(separator: "\n").map { "  \($0)\n" }.joined()
  return "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n" + lines
}

/// A manifest, or lines of a pod's `spec`, and the sentence that it is answered with.
struct Case: Sendable {
  let text: String
  let expected: String

  init(_ text: String, _ expected: String) {
    self.text = text
    self.expected = expected
  }
}
