import Addressing
import Kernel

/// One GET of the admin port, in a connection of its own, answered in full.
struct AdminQuestion {
  enum Answer: Equatable {
    case answer(status: Int, body: String)
    case refused(Errno)
    /// None in time, or none that is HTTP.
    case nothing
  }

  let path: String
  let endpoint: Endpoint
  /// From when on no answer is waited for.
  var deadline = Instant.now() + 5_000_000_000

  /// Bytes of the longest answer.
  private static let longest = 1 << 17

  func ask() -> Answer {
    do throws(Errno) {
      return try answer(on: Descriptor.connecting(to: endpoint))
    } catch {
      return .refused(error)
    }
  }

  private func answer(on socket: consuming Descriptor) throws(Errno) -> Answer {
    socket.waitWritable(milliseconds: millisecondsLeft)
    if let error = socket.pendingError() { throw error }
    var request = ByteBuffer()
    let text = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    request.append(Array(text.utf8).span)
    if case .failed(let error) = request.send(to: socket) { throw error }
    var answer = ByteBuffer(capacity: Self.longest)
    while answer.count < Self.longest {
      socket.waitReadable(milliseconds: millisecondsLeft)
      switch answer.receive(from: socket, atMost: Self.longest) {
      case .bytes: continue
      case .endOfStream: return Self.read(answer)
      case .wouldBlock: return .nothing
      case .failed(let error): throw error
      }
    }
    return .nothing
  }

  /// `HTTP/1.1 200 OK`, fields, an empty line, the body: up to the end, as was asked for.
  private static func read(_ answer: borrowing ByteBuffer) -> Answer {
    let bytes = answer.bytes
    let text = String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    // A line end is one character.
    let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
    let words = lines[0].split(separator: " ")
    guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]),
      let end = lines.firstIndex(of: "")
    else { return .nothing }
    return .answer(status: status, body: lines[(end + 1)...].joined(separator: "\r\n"))
  }

  private var millisecondsLeft: Int32 { Int32(clamping: deadline.since(.now()) / 1_000_000) }
}
