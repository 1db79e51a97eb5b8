import Foundation

/// What the programs and tests were built with, to find faults while they run (`make sanitize`).
///
/// What any process reports fails the run, whatever the test says: `.ci/sanitize` collects it. Tests
/// only need to be more patient, and to hold a program to no bound on memory.
package enum Sanitizer: String, Sendable {
  case address, thread

  /// The one of this run; nil for programs as they ship.
  package static let current = ProcessInfo.processInfo.environment["PORTARIUM_SANITIZER"]
    .flatMap(Sanitizer.init)

  /// How many times as long as otherwise a test waits for what should happen.
  package static let patience: Double = current == nil ? 1 : 4

  /// What a sanitized program must know: where it reports, and what is no fault. Given to every
  /// process that tests start.
  static let environment = ProcessInfo.processInfo.environment
    .filter { ["ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"].contains($0.key) }

  /// For a program that is traced: the search for leaks is a tracer itself, and there can be only one.
  package static let traced = environment.mapValues { "\($0):detect_leaks=0" }
}
