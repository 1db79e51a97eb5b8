import Policy
import Telemetry
import Testing

@Suite("Worker counters")
struct WorkerCountersTests {
  @Test("count each deny reason in a slot of its own")
  func denials() {
    let counters = WorkerCounters()
    for (index, reason) in DenyReason.allCases.enumerated() {
      for _ in 0...index { counters.countDenial(reason, enforced: index % 2 == 0) }
    }
    for (index, reason) in DenyReason.allCases.enumerated() {
      #expect(counters.denials(for: reason) == UInt64(index + 1))
    }
  }

  @Test("can be read by another thread while they grow")
  func readWhileWritten() async {
    let counters = WorkerCounters()
    async let written: Void = Task.detached {
      for _ in 0..<1_000_000 { counters.requests.add(1) }
    }.value
    var previous: UInt64 = 0
    while previous < 1_000_000 {
      let value = counters.requests.value
      #expect(value >= previous)
      previous = value
      await Task.yield()
    }
    await written
    #expect(counters.requests.value == 1_000_000)
  }

  @Test("become Prometheus text, summed over workers")
  func prometheusText() throws {
    let workers = [WorkerCounters(), WorkerCounters()]
    workers[0].connectionsAccepted.add(5)
    workers[0].connectionsClosed.add(2)
    workers[1].connectionsAccepted.add(1)
    workers[0].bytesSent.add(1000)
    workers[1].bytesSent.add(24)
    workers[1].countDenial(.hostNotAllowed, enforced: false)
    workers[0].requestTime.add(nanoseconds: 300_000)
    workers[1].requestTime.add(nanoseconds: 60_000_000_000)
    var buffer = TextBuffer()
    WorkerCounters.appendMetrics(of: workers, to: &buffer)
    let lines = buffer.description.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.last == "")
    #expect(lines.contains("portarium_connections_accepted_total 6"))
    #expect(lines.contains("portarium_connections_active 4"))
    #expect(lines.contains("portarium_sent_bytes_total 1024"))
    #expect(lines.contains(#"portarium_denied_total{reason="host-not-allowed"} 1"#))
    #expect(lines.contains(#"portarium_denied_total{reason="internal-error"} 0"#))
    #expect(lines.contains(#"portarium_would_deny_total{reason="host-not-allowed"} 1"#))
    #expect(lines.contains(#"portarium_request_seconds_bucket{le="0.00025"} 0"#))
    #expect(lines.contains(#"portarium_request_seconds_bucket{le="0.0005"} 1"#))
    #expect(lines.contains(#"portarium_request_seconds_bucket{le="30"} 1"#))
    #expect(lines.contains(#"portarium_request_seconds_bucket{le="+Inf"} 2"#))
    #expect(lines.contains("portarium_request_seconds_sum 60.000300000"))
    #expect(lines.contains("portarium_request_seconds_count 2"))

    // Every sample stands behind the HELP and TYPE lines of its family, each of them given once.
    var family: Substring = ""
    var seen: Set<Substring> = []
    for line in lines.dropLast() {
      let words = line.split(separator: " ", maxSplits: 3)
      if line.hasPrefix("# HELP ") {
        family = words[2]
        #expect(seen.insert(family).inserted)
        #expect(words.count == 4)
      } else if line.hasPrefix("# TYPE ") {
        #expect(words[2] == family)
        let type = family.hasSuffix("_total") ? "counter" : "gauge"
        #expect(words[3] == (family.hasSuffix("_seconds") ? "histogram" : type))
      } else {
        let name = words[0].prefix { $0 != "{" }
        let endings = family.hasSuffix("_seconds") ? ["_bucket", "_sum", "_count"] : [""]
        #expect(endings.contains { name == family + $0 })
        #expect(Double(words[1]) != nil)
      }
    }
  }
}
