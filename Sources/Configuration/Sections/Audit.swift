/// Where audit records go, in which form, and what happens where they can't go there fast enough.
package struct Audit: Hashable, Sendable {
  package var sink: Sink
  package var format: Format
  package var whenFull: WhenFull

  package init(sink: Sink = .stdout, format: Format = .json, whenFull: WhenFull = .wait) {
    self.sink = sink
    self.format = format
    self.whenFull = whenFull
  }

  /// Paths are absolute.
  package enum Sink: Hashable, Sendable {
    case stdout
    case file(path: String)
    /// At most 107 bytes, as a socket's address has room for.
    case unix(path: String)
  }

  package enum Format: String, CaseIterable, Sendable { case json, cloudevents }

  package enum WhenFull: String, CaseIterable, Sendable { case wait, drop }
}

/// `audit:`
enum AuditSection {
  static let sink = Key(
    "sink", .auditSink, default: Audit.Sink.stdout, shown: "stdout",
    "Where records are written. A file is appended to and opened anew on SIGUSR1; to a Unix stream "
      + "socket the sidecar connects, and connects again where it was cut off.")
  static let format = Key(
    "format", .word, default: Audit.Format.json, shown: "json",
    "`cloudevents` puts each record into a CloudEvents 1.0 envelope, one JSON object a line "
      + "either way.")
  static let whenFull = Key(
    "whenFull", .word, default: Audit.WhenFull.wait, shown: "wait",
    "What happens where the sink stalls and a megabyte of records waits for each worker. `wait`: "
      + "new work waits too, and nothing is lost. `drop`: records are dropped and counted.")

  static let keys = [sink.declaration, format.declaration, whenFull.declaration]

  static let type: ValueType<Audit> = .section(keys) { section in
    Audit(
      sink: section.read(sink), format: section.read(format), whenFull: section.read(whenFull))
  }
}

extension ValueType where Value == Audit.Sink {
  fileprivate static var auditSink: ValueType {
    let phrase = "`stdout`, an absolute path, or `unix:` and an absolute path"
    let wanted = "stdout, an absolute path, or unix: and an absolute path"
    return ValueType(shape: .text(phrase)) { node, findings in
      guard let text = node.text(wanted, findings) else { return nil }
      if text == "stdout" { return .stdout }
      let isSocket = text.hasPrefix("unix:")
      let path = isSocket ? String(text.dropFirst("unix:".count)) : text
      guard path.hasPrefix("/") else {
        findings.error(
          "must be \(wanted), not \(node.noun)", at: node.position,
          suggestion: nearest(to: text, among: ["stdout"]))
        return nil
      }
      if let complaint = ValueType<String>.complaint(
        aboutPath: path, maximumBytes: isSocket ? 107 : 4095)
      {
        findings.error(complaint, at: node.position)
        return nil
      }
      return isSocket ? .unix(path: path) : .file(path: path)
    }
  }
}
