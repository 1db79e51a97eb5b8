import SeededRandom

/// What must hold of a parser for every input there is. libFuzzer looks for one that breaks it; the
/// tests replay the inputs that are kept.
package enum WireProperty: String, CaseIterable, Sendable {
  case clientHello = "client-hello"
  case requestHead = "request-head"
  case responseHead = "response-head"
  case chunked
  case traceContext = "trace-context"

  /// The first thing found wrong, nil where all holds.
  package func violation(in bytes: [UInt8]) -> Violation? {
    do throws(Violation) {
      switch self {
      case .clientHello: try checkClientHello(bytes)
      case .requestHead: try checkRequestHead(bytes)
      case .responseHead: try checkResponseHead(bytes)
      case .chunked: try checkChunked(bytes)
      case .traceContext: try checkTraceContext(bytes)
      }
      return nil
    } catch {
      return error
    }
  }
}

/// A property that doesn't hold, as a sentence.
package struct Violation: Error, CustomStringConvertible {
  package let description: String
}

func require(_ holds: Bool, _ sentence: @autoclosure () -> String) throws(Violation) {
  if !holds { throw Violation(description: sentence()) }
}

/// Choices that depend on the input alone, so that it can be replayed (FNV-1a seeds SplitMix64).
func choices(for bytes: [UInt8]) -> SeededGenerator {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
  return SeededGenerator(seed: hash)
}
