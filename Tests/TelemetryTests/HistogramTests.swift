import Testing

@testable import Telemetry

@Suite("A histogram")
struct HistogramTests {
  @Test(
    "Counts a duration in the first bucket whose bound it doesn't exceed",
    arguments: [
      (0, 0), (1, 0), (100_000, 0), (100_001, 1), (250_000, 1), (1_000_000_000, 12),
      (1_000_000_001, 13), (30_000_000_000, 16), (30_000_000_001, 17), (UInt64.max, 17),
    ] as [(UInt64, Int)])
  func bucket(duration: UInt64, bucket: Int) {
    let histogram = Histogram()
    histogram.add(nanoseconds: duration)
    #expect(histogram.counts.firstIndex(of: 1) == bucket)
    #expect(histogram.counts.reduce(0, +) == 1)
    #expect(histogram.sum == duration)
  }

  @Test("Names the bounds that it goes by")
  func bounds() throws {
    #expect(Histogram.boundTexts.count == Histogram().counts.count - 1)
    for (bucket, text) in Histogram.boundTexts.enumerated() {
      let nanoseconds = UInt64((try #require(Double(text)) * 1e9).rounded())
      let histogram = Histogram()
      histogram.add(nanoseconds: nanoseconds)
      histogram.add(nanoseconds: nanoseconds + 1)
      #expect(histogram.counts[bucket...(bucket + 1)] == [1, 1], "\(text)")
    }
  }
}
