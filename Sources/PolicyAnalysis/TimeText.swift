internal import Telemetry

/// A point in time to the second, `2026-11-21T07:00:00Z`.
///
/// - Parameter nanoseconds: since the Unix epoch.
func timeText(_ nanoseconds: UInt64) -> String {
  var text = TimestampText()
  var buffer = TextBuffer()
  text.append(nanoseconds, to: &buffer)
  return buffer.description.prefix(19) + "Z"
}

/// `1,234,567`
func countText(_ count: Int) -> String {
  var text = ""
  for (index, digit) in String(count).reversed().enumerated() {
    if index > 0, index % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return String(text.reversed())
}

/// `1 flow`, `1,234 flows`
func countText(_ count: Int, _ noun: String) -> String {
  "\(countText(count)) \(noun)" + (count == 1 ? "" : "s")
}
