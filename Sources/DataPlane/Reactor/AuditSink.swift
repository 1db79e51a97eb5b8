package import Kernel

/// Where audit lines go: standard output, a file or a Unix stream socket.
///
/// Used by the writer's thread alone. What a sink refuses is offered again until it is taken, so
/// nothing is lost here: a line that was cut off is finished where it stands or, on another
/// descriptor, written again as a whole.
package struct AuditSink: ~Copyable, Sendable {
  package enum Target: Hashable, Sendable, CustomStringConvertible {
    case standardOutput
    case file(path: String)
    case unixSocket(path: String)

    package var description: String {
      switch self {
      case .standardOutput: "standard output"
      case .file(let path): path
      case .unixSocket(let path): "unix:\(path)"
      }
    }
  }

  /// Why a sink can't be opened.
  package enum OpenError: Error, Equatable {
    /// A FIFO or a device.
    case notAFile
    case refused(Errno)

    /// Without a final full stop.
    package func sentence(about target: Target) -> String {
      switch (self, target) {
      case (.notAFile, _): "\(target) can't take audit records: it is not a regular file"
      case (.refused(let error), .unixSocket):
        "can't connect to \(target) for the audit records: \(error)"
      case (.refused(let error), _): "can't open \(target) for the audit records: \(error)"
      }
    }
  }

  /// What became of one attempt to write a batch of lines.
  enum Step: Equatable {
    /// All of it is written.
    case done
    /// Some of it.
    case advanced
    case wouldBlock
    case failed(Errno)
  }

  package let target: Target
  /// None while a socket is not connected.
  private var descriptor: Descriptor
  /// A crash cut off the file's last line: ours begins on a new one.
  private var followsPartialLine = false
  /// Bytes of the batch at hand that are written.
  private var written: Int

  init(target: Target, descriptor: consuming Descriptor, written: Int = 0) {
    self.target = target
    self.descriptor = descriptor
    self.written = written
  }

  /// Opens the file, or connects to the socket. Standard output belongs to the sink from here on.
  package static func open(_ target: Target) throws(OpenError) -> AuditSink {
    switch target {
    case .standardOutput:
      return AuditSink(target: target, descriptor: Process.takeStandardOutput())
    case .file(let path):
      var sink = AuditSink(target: target, descriptor: .none)
      try sink.openFile(path, after: Span())
      return sink
    case .unixSocket(let path):
      do {
        return AuditSink(
          target: target, descriptor: try Descriptor.connecting(toUnixSocket: path))
      } catch {
        throw .refused(error)
      }
    }
  }

  /// Writes as much of a batch of whole lines as the sink takes, from where the last call ended.
  mutating func advance(_ batch: Span<UInt8>) -> Step {
    if case .unixSocket(let path) = target, !descriptor.isOpen {
      do {
        descriptor = try Descriptor.connecting(toUnixSocket: path)
      } catch {
        return .failed(error)
      }
    }
    if followsPartialLine {
      switch descriptor.write([UInt8(ascii: "\n")].span) {
      case .bytes: followsPartialLine = false
      case .wouldBlock: return .wouldBlock
      case .failed(let error): return .failed(error)
      case .endOfStream: preconditionFailure("write took no byte and said no error")
      }
    }
    switch write(batch.extracting(written..<batch.count)) {
    case .bytes(let count):
      written += count
      guard written == batch.count else { return .advanced }
      written = 0
      return .done
    case .wouldBlock:
      return .wouldBlock
    case .failed(let error):
      if case .unixSocket = target {
        // Whoever reads from the next connection gets whole lines.
        descriptor = .none
        written -= partialLine(of: batch)
      }
      return .failed(error)
    case .endOfStream:
      preconditionFailure("write took none of some bytes and said no error")
    }
  }

  /// Opens the file anew, for it may have been renamed. Sinks that are no files stay as they are.
  ///
  /// - Parameter batch: what is being written. A line of which the old file has the beginning is
  ///   taken back from it and goes to the new one.
  mutating func reopen(during batch: Span<UInt8>) throws(OpenError) {
    if case .file(let path) = target { try openFile(path, after: batch) }
  }

  /// Waits until a write would find room, at most a second.
  func waitWritable() { descriptor.waitWritable(milliseconds: 1000) }

  private mutating func openFile(_ path: String, after batch: Span<UInt8>) throws(OpenError) {
    do throws(Errno) {
      let file = try Descriptor.appending(to: path)
      guard try file.isRegularFile() else { throw Errno.noFile }
      let partial = partialLine(of: batch)
      // Before the last line is looked at: it may be the same file still.
      if partial > 0 {
        try descriptor.takeBack(partial)
        // From here on that line is written again as a whole, wherever it goes.
        written -= partial
      }
      followsPartialLine = try file.endsWithinLine()
      descriptor = file
    } catch {
      throw error.meansNoFile ? .notAFile : .refused(error)
    }
  }

  /// How many bytes of a line were written whose end was not.
  private func partialLine(of batch: Span<UInt8>) -> Int {
    var start = written
    while start > 0, batch[start - 1] != UInt8(ascii: "\n") { start -= 1 }
    return written - start
  }

  private func write(_ bytes: Span<UInt8>) -> IOResult {
    if case .unixSocket = target { return descriptor.send(bytes) }
    return descriptor.write(bytes)
  }
}
