import Glibc
import Reporting

/// Measures one operation after the other and prints a row for each.
struct Suite {
  private let effort: Effort
  private let only: String?
  private let json: String?
  private let columns: [Column]
  private var isHeadingPrinted = false
  /// Steps that each request or connection pays for, and that allocate.
  private var allocating: [String] = []

  /// - Parameters:
  ///   - only: a part of the names of what is measured; nil: all of it.
  ///   - json: the file that lines of JSON are appended to.
  init(effort: Effort, only: String?, json: String?) {
    self.effort = effort
    self.only = only
    self.json = json
    let times: [Column] = [
      .number("ns", width: 9), .number("min–max", width: 17), .number("MB/s", width: 7),
    ]
    columns =
      [.text("operation", width: 58)] + (effort.runs > 0 ? times : [])
      + [.number("allocations", width: 11)]
  }

  /// - Parameters:
  ///   - bytes: that it reads or writes, where a rate says something.
  ///   - isHot: false where only refusals pay for it, which may allocate.
  ///   - step: made only where it is measured: a large policy takes its time.
  mutating func measure<Step: Operation & ~Copyable>(
    _ name: String, bytes: Int = 0, isHot: Bool = true, _ step: @autoclosure () throws -> Step
  ) throws {
    if let only, !name.contains(only) { return }
    if !isHeadingPrinted { print(columns.heading) }
    isHeadingPrinted = true
    var step = try step()
    let measurement = step.measure(effort)
    print(columns.row(cells(name, bytes, measurement)))
    if isHot, measurement.allocations > 0 { allocating.append(name) }
    if let json { try line(name, bytes, measurement).append(to: json) }
  }

  /// Ends the process with status 1 where a step of the hot path allocates.
  func finish() throws {
    guard !allocating.isEmpty else { return }
    print("allocates: \(allocating.joined(separator: "; "))")
    exit(1)
  }

  private func cells(_ name: String, _ bytes: Int, _ measurement: Measurement) -> [String] {
    var cells = [name]
    if let least = measurement.durations.first, let most = measurement.durations.last {
      cells.append(Self.digits(measurement.median))
      cells.append("\(Self.digits(least))–\(Self.digits(most))")
      // A byte a nanosecond is a gigabyte a second.
      cells.append(bytes > 0 ? "\(Int(Double(bytes) / measurement.median * 1000))" : "")
    }
    return cells + [Self.each(measurement)]
  }

  private func line(_ name: String, _ bytes: Int, _ measurement: Measurement) -> JSONLine {
    var line = JSONLine()
    line.add("name", name)
    if let least = measurement.durations.first, let most = measurement.durations.last {
      line.add("nanoseconds", measurement.median)
      line.add("least", least)
      line.add("most", most)
      if bytes > 0 { line.add("bytes", bytes) }
    }
    line.add("allocations", Double(measurement.allocations) / Double(measurement.operations))
    return line
  }

  /// Allocations for each operation.
  private static func each(_ measurement: Measurement) -> String {
    let (whole, rest) = measurement.allocations.quotientAndRemainder(
      dividingBy: measurement.operations)
    return rest == 0 ? "\(whole)" : "\(whole).\(rest * 1000 / measurement.operations)"
  }

  private static func digits(_ nanoseconds: Double) -> String {
    if nanoseconds >= 100 { return "\(Int(nanoseconds.rounded()))" }
    let tenths = Int((nanoseconds * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
