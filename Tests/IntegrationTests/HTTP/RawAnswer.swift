import Foundation

/// A response as a client read it: of those made for an input, the parts that are known before.
struct RawAnswer: Equatable, CustomStringConvertible {
  var status: Int
  /// `x-portarium-deny-reason`; nil where the upstream answered.
  var reason: String?
  /// Nil where it is the proxy's, which tests of their own look at.
  var body: String?
  var description: String {
    "\(status) \(reason ?? "") \(body.map(\.debugDescription) ?? "")"
  }

  init(status: Int, reason: String? = nil, body: String? = nil) {
    self.status = status
    self.reason = reason
    self.body = body
  }

  /// Takes apart what a client received. Only responses with a Content-Length are read, and all of
  /// the bytes must be used up; else nil.
  ///
  /// - Parameter heads: the responses, by number, that answer a HEAD.
  static func read(_ text: String, heads: Set<Int>) -> [RawAnswer]? {
    var rest = Data(Raw.bytes(text))
    var answers: [RawAnswer] = []
    while !rest.isEmpty {
      guard let end = rest.range(of: Data("\r\n\r\n".utf8)),
        let head = String(data: rest[..<end.lowerBound], encoding: .isoLatin1),
        let status = head.firstMatch(of: #/^HTTP/1\.1 ([0-9]{3}) /#),
        let length = head.firstMatch(of: /(?i)\r\ncontent-length: *([0-9]+)/),
        let count = Int(length.output.1), let number = Int(status.output.1)
      else { return nil }
      rest = rest[end.upperBound...]
      var answer = RawAnswer(status: number)
      answer.reason = head.firstMatch(of: /\r\nx-portarium-deny-reason: ([a-z-]+)/)
        .map { String($0.output.1) }
      let taken = heads.contains(answers.count) ? 0 : count
      guard rest.count >= taken else { return nil }
      if answer.reason == nil {
        answer.body = String(data: rest.prefix(taken), encoding: .isoLatin1)
      }
      rest = rest.dropFirst(taken)
      answers.append(answer)
    }
    return answers
  }
}
