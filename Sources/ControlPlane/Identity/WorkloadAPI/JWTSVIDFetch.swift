package import Addressing
internal import Kernel
internal import NIOCore

/// A token that says who this workload is, for the audiences that it was asked for (JWT-SVID).
package struct JWTSVID: Sendable, CustomStringConvertible {
  package let id: SPIFFEID
  /// The token itself: a secret while it is valid, never to be logged.
  package let token: String

  package var description: String { "a JWT-SVID of \(id)" }
}

/// Why there is no JWT-SVID.
package enum JWTSVIDFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The identity comes from files, which hold none.
  case noWorkloadAPI
  /// The agent was asked in vain; a sentence without a full stop.
  case failed(String)
  /// The agent answered with none, or with one for another ID than was asked for.
  case notIssued

  package var description: String {
    switch self {
    case .noWorkloadAPI: "JWT-SVIDs come from the Workload API alone"
    case .failed(let sentence): "the Workload API: \(sentence)"
    case .notIssued: "the Workload API issued no JWT-SVID for this ID"
    }
  }
}

/// One call of FetchJWTSVID. Lives on one event loop.
final class JWTSVIDFetch {
  private let id: SPIFFEID?
  private let done: (Result<JWTSVID, JWTSVIDFailure>) -> Void
  private var call: GRPCCall?
  private var answer: SecretBytes?
  private var messages = 0

  /// - Parameters:
  ///   - id: whose; nil for the default identity's, the first that the agent names.
  ///   - done: called once, on the loop, unless the fetch is let go of before.
  init(
    audience: [String], id: SPIFFEID?, at endpoint: WorkloadEndpoint,
    settings: WorkloadAPISettings, on loop: any EventLoop,
    done: @escaping (Result<JWTSVID, JWTSVIDFailure>) -> Void
  ) {
    self.id = id
    self.done = done
    let request = JWTSVIDRequest(audience: audience, spiffeID: id.map { "\($0)" } ?? "")
    call = GRPCCall(
      GRPCRequest(
        path: "/SpiffeWorkloadAPI/FetchJWTSVID", message: request.encoded,
        userAgent: settings.userAgent),
      to: endpoint, timing: settings.timing, on: loop,
      receive: { [weak self] message in
        self?.messages += 1
        self?.answer = message
      },
      end: { [weak self] in self?.ended($0) })
  }

  private func ended(_ end: GRPCEnd) {
    guard case .status(let status) = end, status.code == .ok else {
      return done(.failure(.failed(end.sentence)))
    }
    guard messages == 1, let answer else {
      return done(.failure(.failed(GRPCFramingError.wrongCount.sentence)))
    }
    let response: JWTSVIDResponse
    do throws(ProtobufError) {
      response = try answer.withSpan { span throws(ProtobufError) in try JWTSVIDResponse(span) }
    } catch {
      return done(.failure(.failed("a message can't be read: \(error.sentence)")))
    }
    guard let first = response.entries.first, !first.token.isEmpty,
      let found = try? SPIFFEID(first.spiffeID), id == nil || found == id
    else { return done(.failure(.notIssued)) }
    done(.success(JWTSVID(id: found, token: first.token)))
  }
}
