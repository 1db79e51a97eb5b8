/// Writes Prometheus text (exposition format 0.0.4): each family once, its samples behind it.
extension TextBuffer {
  package enum MetricType: String { case counter, gauge, histogram }

  /// Begins a family.
  ///
  /// - Parameter help: a sentence without line breaks and backslashes.
  package mutating func beginMetric(_ name: String, _ type: MetricType, _ help: String) {
    append("# HELP \(name) \(help)\n# TYPE \(name) \(type.rawValue)\n")
  }

  package mutating func appendSample(
    _ name: String, _ value: UInt64, _ labels: KeyValuePairs<String, String> = [:]
  ) {
    appendSample(name, "\(value)", labels)
  }

  /// - Parameter value: a decimal number.
  package mutating func appendSample(
    _ name: String, _ value: String, _ labels: KeyValuePairs<String, String> = [:]
  ) {
    append(name)
    for (index, label) in labels.enumerated() {
      append(index == 0 ? "{" : ",")
      append("\(label.key)=\"")
      appendLabelValue(label.value)
      append("\"")
    }
    if !labels.isEmpty { append("}") }
    append(" \(value)\n")
  }

  /// A family of one sample.
  package mutating func appendMetric(
    _ name: String, _ type: MetricType, _ help: String, _ value: UInt64
  ) {
    beginMetric(name, type, help)
    appendSample(name, value)
  }

  /// Nanoseconds as decimal seconds.
  package static func seconds(nanoseconds: UInt64) -> String {
    let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    return "\(seconds).\("\(rest + 1_000_000_000)".dropFirst())"
  }

  /// The three escapes that the format has.
  private mutating func appendLabelValue(_ value: String) {
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): append(#"\\"#)
      case UInt8(ascii: "\""): append(#"\""#)
      case UInt8(ascii: "\n"): append(#"\n"#)
      default: append(byte)
      }
    }
  }
}
