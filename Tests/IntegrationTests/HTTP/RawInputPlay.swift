import Foundation
import TestNetwork

/// One way of playing an input, with all that must come of it.
struct RawPlay: Sendable, CustomStringConvertible {
  enum Way: String, Sendable, CaseIterable {
    /// It is all that the client sends.
    case alone
    /// In one segment with a sound request before it.
    case second
    /// Every byte in a segment of its own.
    case bytewise
  }

  let input: RawInput
  let way: Way
  var description: String { "\(input.testDescription), \(way.rawValue)" }

  private var requests: [RawRequest] {
    way == .second ? [.passes(Raw.sound)] + input.requests : input.requests
  }

  /// The requests that count: none behind the one that ends the connection.
  var judged: [RawRequest] {
    let requests = requests
    return Array(requests.prefix((requests.firstIndex { $0.closes } ?? requests.count - 1) + 1))
  }

  /// Nothing is expected behind the input's bytes, and the proxy ends the connection by itself.
  var closes: Bool { requests.contains { $0.closes } }

  /// What the client sends: behind all that ends the connection a request that must not be seen.
  var sent: String {
    requests.map(\.text).joined() + (closes && !input.isCutShort ? Raw.smuggled : "")
  }

  var turn: RawTurn {
    RawTurn(
      input: sent, bytewise: way == .bytewise, ends: !closes || input.isCutShort,
      isAddressed: input.isAddressed)
  }

  /// What the connection is taken for.
  var kind: RawRequest.Kind { way == .second ? .http : requests.first?.first ?? .http }

  /// What the upstream must have seen: these bytes in this order, on whatever connections.
  var forwarded: String {
    if kind != .http { return "" }
    return judged.map { if case .forwarded(let text) = $0.verdict { text } else { "" } }.joined()
  }

  /// A part of this may follow what is in `forwarded`, but no whole request.
  var forwardedInPart: String {
    guard way == .bytewise, case .refusedInBody? = judged.last?.verdict else { return "" }
    return (judged.last?.text ?? "") + Raw.smuggled
  }

  /// What the client must get: for each request a status, the reason and the body, where known.
  var answers: [RawAnswer] {
    if kind != .http { return [] }
    return judged.map { request in
      switch request.verdict {
      case .forwarded(let text):
        let seen = RawHead(text)
        return RawAnswer(status: 200, body: seen.isHEAD ? "" : seen.echo)
      case .denied(let reason): return RawAnswer(status: 403, reason: reason)
      case .refused(let status, let reason): return RawAnswer(status: status, reason: reason)
      case .refusedInBody: return RawAnswer(status: 400, reason: "malformed-request")
      }
    }
  }

  /// The answers, by number, that have no body, whatever their length.
  var answersToHEAD: Set<Int> {
    Set(
      judged.indices.filter { index in
        switch judged[index].verdict {
        case .forwarded(let text): RawHead(text).isHEAD
        case .denied: RawHead(judged[index].text).isHEAD
        case .refused, .refusedInBody: false
        }
      })
  }

  /// One audit record for each request, with at least these fields.
  var records: [[String: String]] {
    if kind != .http { return [denied(nil, "opaque-protocol")] }
    return judged.map { request in
      switch request.verdict {
      case .forwarded(let text):
        return allowed("http", status: 200).merging(RawHead(text).recorded) { $1 }
      case .denied(let reason):
        return denied("http", reason).merging(RawHead(request.text).recorded) { $1 }
          .merging(["responseStatus": "403"]) { $1 }
      case .refused(let status, let reason):
        var fields = denied(
          "http", reason, outcome: input.isCutShort ? "client-gone" : "denied")
        fields["responseStatus"] = "\(status)"
        return fields
      case .refusedInBody:
        return denied("http", "malformed-request").merging(["responseStatus": "400"]) { $1 }
      }
    }
  }
}

/// What a sound request's bytes say, read as simply as its sender wrote them.
struct RawHead {
  let method: String
  let target: String
  let host: String
  private let bodyLength: Int

  init(_ text: String) {
    let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
    let words = (lines.first ?? "").split(separator: " ", omittingEmptySubsequences: false)
    method = words.first.map(String.init) ?? ""
    target = words.count > 1 ? String(words[1]) : ""
    let fields = lines.dropFirst().prefix { !$0.isEmpty }
    func value(_ name: String) -> String? {
      for field in fields {
        let parts = field.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == name else { continue }
        return parts[1].trimmingSpaces.lowercased()
      }
      return nil
    }
    let isAuthority: (Character) -> Bool = { $0 != "/" && $0 != "?" }
    let authority =
      target.behindScheme.map { $0.prefix(while: isAuthority).lowercased() } ?? value("host") ?? ""
    host =
      authority.hasPrefix("[")
      ? String(authority.dropFirst().prefix { $0 != "]" })
      : String(authority.prefix { $0 != ":" })
    let body = lines.dropFirst(fields.count + 2).joined(separator: "\r\n")
    if let length = value("content-length") {
      bodyLength = Int(length) ?? 0
    } else {
      bodyLength = value("transfer-encoding") == nil ? 0 : Self.unchunked(body)
    }
  }

  var isHEAD: Bool { method == "HEAD" }

  /// What the upstream answers to it.
  var echo: String { "\(method) \(target) \(bodyLength)" }

  /// As the audit record shows it.
  var recorded: [String: String] {
    let path = target.behindScheme?.drop { $0 != "/" && $0 != "?" } ?? target[...]
    return [
      "httpMethod": method, "httpPath": String(path.prefix { $0 != "?" }),
      "destinationHost": host,
    ]
  }

  /// The length of a chunked body's data.
  private static func unchunked(_ body: String) -> Int {
    var rest = Raw.bytes(body)[...]
    var length = 0
    while let end = rest.firstIndex(of: 13) {
      let digits = String(decoding: rest[..<end].prefix { $0 != 59 }, as: UTF8.self)
      guard let size = Int(digits, radix: 16), size > 0 else { break }
      length += size
      rest = rest[(end + 2 + size + 2)...]
    }
    return length
  }
}

extension String {
  /// What is behind an absolute target's scheme; nil for a path, whatever is in its query.
  fileprivate var behindScheme: Substring? {
    guard !hasPrefix("/") else { return nil }
    return range(of: "://").map { self[$0.upperBound...] }
  }
}

extension Substring {
  /// Without the spaces and tabs around it.
  fileprivate var trimmingSpaces: String {
    var text = drop { $0 == " " || $0 == "\t" }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return String(text)
  }
}
