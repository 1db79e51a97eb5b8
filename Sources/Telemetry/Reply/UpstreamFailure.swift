/// How the upstream of an allowed request failed before its response began. The raw value is the
/// `reason` of the reply.
package enum UpstreamFailure: String, CaseIterable, Sendable {
  /// The host's name has no address, or no name server said one: `502`.
  case unresolved
  /// The destination refused the connection, reset it or could not be reached: `502`.
  case unreachable
  /// It closed before it answered: `502`.
  case closedEarly = "closed-early"
  /// It answered with something that is no HTTP/1 response: `502`.
  case invalidResponse = "invalid-response"
  /// Its answer's head would take more memory than is left: `502`.
  case outOfMemory = "out-of-memory"
  /// It did not accept the connection or did not answer in time: `504`.
  case timedOut = "timed-out"

  /// The status that the workload gets.
  package var status: UInt16 { self == .timedOut ? 504 : 502 }

  var statusLine: String { self == .timedOut ? "504 Gateway Timeout" : "502 Bad Gateway" }

  var sentence: String {
    switch self {
    case .unresolved: "The policy allows the request, but the host's name cannot be resolved."
    case .unreachable: "The policy allows the request, but the destination cannot be reached."
    case .closedEarly:
      "The policy allows the request, but the destination closed the connection without answering."
    case .invalidResponse:
      "The policy allows the request, but the destination's answer is no valid HTTP response."
    case .outOfMemory:
      "The policy allows the request, but there is no memory left for the destination's answer."
    case .timedOut: "The policy allows the request, but the destination did not answer in time."
    }
  }
}
