import Policy

extension WorkerCounters {
  /// Appends the sum over all workers as Prometheus text (exposition format 0.0.4). Any thread.
  package static func appendMetrics(of workers: [WorkerCounters], to buffer: inout TextBuffer) {
    for family in families {
      buffer.appendMetric(
        "portarium_\(family.name)", .counter, family.help,
        workers.reduce(0) { $0 &+ family.value($1) })
    }
    appendActiveConnections(of: workers, to: &buffer)
    appendReasons(
      "portarium_denied_total", "Connections and requests the policy refuses, by reason.",
      to: &buffer
    ) { reason in workers.reduce(0) { $0 &+ $1.denials(for: reason) } }
    appendReasons(
      "portarium_would_deny_total",
      "Of the denied, those that monitor mode let pass, by reason.", to: &buffer
    ) { reason in workers.reduce(0) { $0 &+ $1.wouldDenials(for: reason) } }
    appendDurations(of: workers, to: &buffer)
    appendRuleHits(of: workers, to: &buffer)
  }

  private static func appendActiveConnections(
    of workers: [WorkerCounters], to buffer: inout TextBuffer
  ) {
    var active: UInt64 = 0
    for worker in workers {
      // Closed is read first: it can't then exceed what is read of accepted a moment later.
      let closed = worker.connectionsClosed.value
      let accepted = worker.connectionsAccepted.value
      active += accepted >= closed ? accepted - closed : 0
    }
    buffer.appendMetric(
      "portarium_connections_active", .gauge, "Connections open now.", active)
  }

  private static func appendReasons(
    _ name: String, _ help: String, to buffer: inout TextBuffer, _ count: (DenyReason) -> UInt64
  ) {
    buffer.beginMetric(name, .counter, help)
    for reason in DenyReason.allCases {
      buffer.appendSample(name, count(reason), ["reason": reason.rawValue])
    }
  }

  private static func appendDurations(
    of workers: [WorkerCounters], to buffer: inout TextBuffer
  ) {
    append(
      workers.map { ($0.decisionTime.counts, $0.decisionTime.sum) },
      as: "portarium_decision_seconds",
      "From accepting a connection, or the first byte of a request, to the verdict.", to: &buffer)
    append(
      workers.map { ($0.connectTime.counts, $0.connectTime.sum) },
      as: "portarium_connect_seconds",
      "From the verdict until the destination has taken the connection.", to: &buffer)
    append(
      workers.map { ($0.requestTime.counts, $0.requestTime.sum) },
      as: "portarium_request_seconds",
      "From the first byte of a request to the end of its response.", to: &buffer)
  }

  private static func append(
    _ histograms: [(counts: [UInt64], sum: UInt64)], as name: String, _ help: String,
    to buffer: inout TextBuffer
  ) {
    buffer.beginMetric(name, .histogram, help)
    var count: UInt64 = 0
    for (bucket, bound) in (Histogram.boundTexts + ["+Inf"]).enumerated() {
      count &+= histograms.reduce(0) { $0 &+ $1.counts[bucket] }
      buffer.appendSample("\(name)_bucket", count, ["le": bound])
    }
    let sum = histograms.reduce(0) { $0 &+ $1.sum }
    buffer.appendSample("\(name)_sum", TextBuffer.seconds(nanoseconds: sum))
    // The same number as the last bucket's: what was counted meanwhile is for the next scrape.
    buffer.appendSample("\(name)_count", count)
  }

  private static func appendRuleHits(
    of workers: [WorkerCounters], to buffer: inout TextBuffer
  ) {
    let name = "portarium_rule_hits_total"
    buffer.beginMetric(
      name, .counter,
      "Connections and requests that a rule let pass; all rules past the thousandth have no name.")
    for (label, count) in RuleHits.sum(of: workers.compactMap(\.ruleHits)) {
      buffer.appendSample(name, count, ["policy": label.policy, "rule": label.rule])
    }
  }

  private struct Family {
    let name: String
    let help: String
    let value: @Sendable (WorkerCounters) -> UInt64
  }

  private static let families: [Family] = [
    Family(name: "connections_accepted_total", help: "Connections accepted, either way.") {
      $0.connectionsAccepted.value
    },
    Family(
      name: "inbound_connections_accepted_total",
      help: "Of the accepted connections, those from outside."
    ) { $0.inboundAccepted.value },
    Family(
      name: "tls_handshakes_total", help: "TLS handshakes with peers that proved who they are."
    ) { $0.handshakes.value },
    Family(name: "tls_handshakes_failed_total", help: "TLS handshakes that failed.") {
      $0.handshakesFailed.value
    },
    Family(name: "requests_total", help: "HTTP requests judged.") { $0.requests.value },
    Family(
      name: "retries_total", help: "Requests sent again, since their kept connection had closed."
    ) { $0.retries.value },
    Family(name: "allowed_total", help: "Connections and requests the policy allows.") {
      $0.allowed.value
    },
    Family(
      name: "upstream_failures_total", help: "Allowed, but the destination failed to answer."
    ) { $0.upstreamFailures.value },
    Family(name: "sent_bytes_total", help: "Bytes delivered to destinations.") {
      $0.bytesSent.value
    },
    Family(name: "received_bytes_total", help: "Bytes delivered to workloads.") {
      $0.bytesReceived.value
    },
    Family(name: "audit_records_total", help: "Audit records made.") { $0.auditRecords.value },
    Family(name: "audit_stalls_total", help: "Waits for a full audit sink.") {
      $0.auditStalls.value
    },
    Family(name: "audit_dropped_total", help: "Audit records dropped, the sink being full.") {
      $0.auditDropped.value
    },
  ]
}
