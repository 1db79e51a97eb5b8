extension Span<UInt8> {
  /// Whether these are the bytes of `text`.
  func isText(_ text: String) -> Bool {
    let other = text.utf8.span
    guard count == other.count else { return false }
    for index in indices where self[index] != other[index] { return false }
    return true
  }

  /// The value of a JSON number that is a whole one in decimal digits alone; nil for any other, and
  /// for one beyond 64 bits.
  var decimalInteger: UInt64? {
    var value: UInt64 = 0
    for index in indices {
      guard self[index].isDigit else { return nil }
      let (tens, tooMuch) = value.multipliedReportingOverflow(by: 10)
      let (sum, tooLarge) = tens.addingReportingOverflow(
        UInt64(self[index] &- UInt8(ascii: "0")))
      guard !tooMuch, !tooLarge else { return nil }
      value = sum
    }
    return isEmpty ? nil : value
  }

  /// A thousand times the value of a number with exactly three decimals.
  var thousandths: UInt64? {
    guard count > 4, self[count - 4] == UInt8(ascii: ".") else { return nil }
    guard let whole = extracting(0..<count - 4).decimalInteger,
      let decimals = extracting(count - 3..<count).decimalInteger
    else { return nil }
    let (value, tooLarge) = whole.multipliedReportingOverflow(by: 1000)
    guard !tooLarge, value <= .max - decimals else { return nil }
    return value + decimals
  }

  /// The time of RFC 3339 in UTC, with up to nine decimals of a second, as nanoseconds since the
  /// Unix epoch; nil for what is none, before 1970 or after 2553.
  var nanosecondsSinceEpoch: UInt64? {
    guard (20...30).contains(count), self[count - 1] == UInt8(ascii: "Z"),
      self[4] == UInt8(ascii: "-"), self[7] == UInt8(ascii: "-"), self[10] == UInt8(ascii: "T"),
      self[13] == UInt8(ascii: ":"), self[16] == UInt8(ascii: ":")
    else { return nil }
    guard let year = extracting(0..<4).decimalInteger,
      let month = extracting(5..<7).decimalInteger, let day = extracting(8..<10).decimalInteger,
      let hour = extracting(11..<13).decimalInteger,
      let minute = extracting(14..<16).decimalInteger,
      let second = extracting(17..<19).decimalInteger,
      (1970...2553).contains(year), (1...12).contains(month), (1...31).contains(day),
      hour < 24, minute < 60, second < 60
    else { return nil }
    var fraction: UInt64 = 0
    if count > 20 {
      guard count > 21, self[19] == UInt8(ascii: "."),
        let decimals = extracting(20..<count - 1).decimalInteger
      else { return nil }
      fraction = decimals
      for _ in count - 21..<9 { fraction *= 10 }
    }
    let seconds = ((Self.days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    return seconds * 1_000_000_000 + fraction
  }

  /// Days from 1970-01-01 to a date of the Gregorian calendar; the inverse of what `TimestampText`
  /// does, with a year that begins on 1 March.
  private static func days(_ year: UInt64, _ month: UInt64, _ day: UInt64) -> UInt64 {
    let year = month <= 2 ? year - 1 : year
    let monthFromMarch = month > 2 ? month - 3 : month + 9
    let (era, yearOfEra) = year.quotientAndRemainder(dividingBy: 400)
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}

extension AuditID {
  /// Reads the 36 characters of a UUID; nil for what is none.
  init?(ascii bytes: Span<UInt8>) {
    guard bytes.count == 36 else { return nil }
    var value: UInt128 = 0
    for index in bytes.indices {
      if [8, 13, 18, 23].contains(index) {
        guard bytes[index] == UInt8(ascii: "-") else { return nil }
      } else {
        guard let digit = bytes[index].hexDigitValue else { return nil }
        value = value << 4 | UInt128(digit)
      }
    }
    self.init(rawValue: value)
  }
}
