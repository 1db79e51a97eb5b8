/// The text of a point in time: RFC 3339 in UTC with nanoseconds,
/// `2026-11-21T07:00:00.000000000Z`.
///
/// Remembers the second it wrote last, since most records of a busy worker share one.
package struct TimestampText: Sendable {
  private var second: UInt64
  /// Date and time of `second`, up to the fraction.
  private var text: InlineArray<19, UInt8>

  package init() {
    second = 0
    text = Self.render(0)
  }

  /// Appends the time `nanoseconds` after the Unix epoch: 30 bytes, years 1970...2554.
  package mutating func append(_ nanoseconds: UInt64, to buffer: inout TextBuffer) {
    let (whole, fraction) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    if whole != second {
      text = Self.render(whole)
      second = whole
    }
    let text = text
    buffer.write(30) { output in
      for index in text.indices { output.append(text[index]) }
      output.append(UInt8(ascii: "."))
      output.append(decimal: fraction, digits: 9)
      output.append(UInt8(ascii: "Z"))
    }
  }

  private static func render(_ second: UInt64) -> InlineArray<19, UInt8> {
    let (days, time) = second.quotientAndRemainder(dividingBy: 86_400)
    let (year, month, day) = civil(days)
    return InlineArray { (output: inout OutputSpan<UInt8>) in
      output.append(decimal: year, digits: 4)
      output.append(UInt8(ascii: "-"))
      output.append(decimal: month, digits: 2)
      output.append(UInt8(ascii: "-"))
      output.append(decimal: day, digits: 2)
      output.append(UInt8(ascii: "T"))
      output.append(decimal: time / 3600, digits: 2)
      output.append(UInt8(ascii: ":"))
      output.append(decimal: time / 60 % 60, digits: 2)
      output.append(UInt8(ascii: ":"))
      output.append(decimal: time % 60, digits: 2)
    }
  }

  /// The Gregorian date `days` after 1970-01-01.
  ///
  /// Years are counted from 1 March, so the leap day is a year's last and months follow one
  /// formula; eras are the calendar's cycles of 400 years, 146,097 days each.
  private static func civil(_ days: UInt64) -> (year: UInt64, month: UInt64, day: UInt64) {
    let sinceMarchOfYearZero = days + 719_468
    let (era, dayOfEra) = sinceMarchOfYearZero.quotientAndRemainder(dividingBy: 146_097)
    let leapDays = dayOfEra / 1_460 - dayOfEra / 36_524 + dayOfEra / 146_096
    let yearOfEra = (dayOfEra - leapDays) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
  }
}
