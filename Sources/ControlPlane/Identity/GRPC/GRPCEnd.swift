internal import Kernel

/// How a call came to its end.
enum GRPCEnd: Hashable, Sendable {
  /// The server said so.
  case status(GRPCStatus)
  /// The connection was there and ended, or the stream was reset without an error.
  case closed
  /// The stream was reset, or the connection broken off, with this error code of HTTP/2.
  case reset(code: Int)
  /// What came can't be read.
  case malformed(GRPCFramingError)
  /// No connection could be made.
  case unreachable(Errno)
  /// Nothing came in time: no answer to a ping, or no first message.
  case silent

  var sentence: String {
    switch self {
    case .status(let status): "it answered \(status)"
    case .closed: "it closed the connection"
    case .reset(let code): "it broke off with HTTP/2's error code \(code)"
    case .malformed(let error): error.sentence
    case .unreachable(let error): "it can't be reached: \(error)"
    case .silent: "it doesn't answer"
    }
  }
}
