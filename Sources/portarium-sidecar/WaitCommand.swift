import Addressing
import ArgumentParser
import Configuration
import Kernel

/// `wait`: ends once the sidecar beside it serves. As a container's `postStart` hook it holds the
/// containers that come after, which kubelet starts only then.
struct WaitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wait",
    abstract: "Wait until the sidecar of this pod serves.",
    discussion: """
      Asks the admin port of this network namespace for /readyz. Exit status: 0 the sidecar serves, \
      1 it doesn't within that time, 2 the configuration is wrong.
      """)

  /// An answer comes within a millisecond; what costs is to start this command.
  private static let pauseMilliseconds: Int32 = 20

  @OptionGroup var document: ConfigurationOption

  @Option(help: "How long to wait at most.")
  var seconds = 30.0

  func validate() throws {
    guard (0...3600).contains(seconds) else {
      throw ValidationError("'\(seconds)' is no number of seconds from 0 to 3600")
    }
  }

  func run() {
    let port = document.load().document.adminPort
    let admin = Endpoint(address: .v4(IPv4Address(rawValue: 0x7f00_0001)), port: port)
    do throws(Errno) {
      let pause = try Epoll(capacity: 1)
      let deadline = Instant.now() + UInt64(seconds * 1e9)
      var answer = ReadinessQuestion.Answer.nothing
      repeat {
        let next = ReadinessQuestion(endpoint: admin, deadline: deadline).ask()
        if next == .ready { return }
        // The last one may have had no time.
        if next != .nothing { answer = next }
        _ = try pause.wait(milliseconds: Self.pauseMilliseconds)
      } while Instant.now() < deadline
      Sidecar.say("after \(seconds) s \(answer.sentence(about: admin))")
      Sidecar.exit(.refused)
    } catch {
      Sidecar.say("there is no way to wait: \(error)")
      Sidecar.exit(.systemRefused)
    }
  }
}

/// One `GET /readyz`, in a connection of its own.
private struct ReadinessQuestion {
  enum Answer: Equatable {
    case ready
    case notReady
    case refused(Errno)
    case nothing

    func sentence(about endpoint: Endpoint) -> String {
      switch self {
      case .ready: "the sidecar serves"
      case .notReady: "the sidecar at \(endpoint) says that it isn't ready"
      case .refused(let error): "nobody answers at \(endpoint): \(error)"
      case .nothing: "there is no answer from \(endpoint)"
      }
    }
  }

  private static let request: StaticString =
    "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
  private static let ready = Array("HTTP/1.1 200 ".utf8)

  let endpoint: Endpoint
  let deadline: Instant

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
    request.append(Self.request)
    if case .failed(let error) = request.send(to: socket) { throw error }
    var answer = ByteBuffer(capacity: 4096)
    while answer.count < Self.ready.count {
      socket.waitReadable(milliseconds: millisecondsLeft)
      guard case .bytes = answer.receive(from: socket, atMost: 1024) else { return .nothing }
    }
    for (index, byte) in Self.ready.enumerated() where answer.bytes[index] != byte {
      return .notReady
    }
    return .ready
  }

  private var millisecondsLeft: Int32 { Int32(deadline.since(.now()) / 1_000_000) }
}
