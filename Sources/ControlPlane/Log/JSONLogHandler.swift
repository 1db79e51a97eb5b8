package import Logging
import Telemetry

/// Writes log events as JSON lines: `timestamp`, `level`, `label`, `message`, `error` and
/// `metadata` where there are any.
///
/// Any thread may log; each event is handed over as one whole line.
package struct JSONLogHandler: LogHandler {
  /// The shared level, until this logger is given one of its own.
  package var logLevel: Logger.Level {
    get { ownLevel ?? sharedLevel.current }
    set { ownLevel = newValue }
  }
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?

  private var ownLevel: Logger.Level?
  private let sharedLevel: LogLevel
  private let label: String
  private let now: @Sendable () -> UInt64
  private let write: @Sendable (Span<UInt8>) -> Void

  /// - Parameters:
  ///   - level: of all loggers that have none of their own.
  ///   - now: the wall clock, in nanoseconds since the Unix epoch.
  ///   - write: takes one line, line end included, on the thread that logs; writes it in one call
  ///     so that lines of two threads don't mix.
  package init(
    label: String,
    level: LogLevel = LogLevel(),
    now: @escaping @Sendable () -> UInt64,
    write: @escaping @Sendable (Span<UInt8>) -> Void
  ) {
    self.label = label
    sharedLevel = level
    self.now = now
    self.write = write
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var line = TextBuffer(capacity: 256)
    line.append(#"{"timestamp":""#)
    var timestamp = TimestampText()
    timestamp.append(now(), to: &line)
    line.append(#"","level":"\#(event.level.rawValue)","label":""#)
    line.append(escaping: label)
    line.append(#"","message":""#)
    line.append(escaping: event.message.description)
    line.append(UInt8(ascii: "\""))
    if let error = event.error {
      line.append(#","error":""#)
      line.append(escaping: "\(error)")
      line.append(UInt8(ascii: "\""))
    }
    let metadata = merged(with: event.metadata)
    if !metadata.isEmpty {
      line.append(#","metadata":"#)
      append(.dictionary(metadata), to: &line)
    }
    line.append("}\n")
    write(line.bytes)
  }

  /// The event's own metadata wins over the provider's, that over the handler's.
  private func merged(with event: Logger.Metadata?) -> Logger.Metadata {
    var result = metadata
    if let provided = metadataProvider?.get() { result.merge(provided) { $1 } }
    if let event { result.merge(event) { $1 } }
    return result
  }

  private func append(_ value: Logger.Metadata.Value, to line: inout TextBuffer) {
    switch value {
    case .string(let text): append(quoting: text, to: &line)
    case .stringConvertible(let value): append(quoting: value.description, to: &line)
    case .array(let values):
      line.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { line.append(UInt8(ascii: ",")) }
        append(value, to: &line)
      }
      line.append(UInt8(ascii: "]"))
    case .dictionary(let values):
      line.append(UInt8(ascii: "{"))
      // Sorted, so that equal events give equal lines.
      for (index, entry) in values.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { line.append(UInt8(ascii: ",")) }
        append(quoting: entry.key, to: &line)
        line.append(UInt8(ascii: ":"))
        append(entry.value, to: &line)
      }
      line.append(UInt8(ascii: "}"))
    }
  }

  private func append(quoting text: String, to line: inout TextBuffer) {
    line.append(UInt8(ascii: "\""))
    line.append(escaping: text)
    line.append(UInt8(ascii: "\""))
  }
}
