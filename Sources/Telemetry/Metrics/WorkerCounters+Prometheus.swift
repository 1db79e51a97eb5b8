import Policy

extension WorkerCounters {
  /// Appends the sum over all workers as Prometheus text (exposition format 0.0.4). Any thread.
  package static func appendMetrics(of workers: [WorkerCounters], to buffer: inout TextBuffer) {
    for family in families {
      buffer.append("# HELP portarium_\(family.name) \(family.help)\n")
      buffer.append("# TYPE portarium_\(family.name) counter\n")
      buffer.append("portarium_\(family.name) ")
      buffer.append(decimal: workers.reduce(0) { $0 &+ family.value($1) })
      buffer.append("\n")
    }
    appendActiveConnections(of: workers, to: &buffer)
    appendDenials(of: workers, to: &buffer)
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
    buffer.append("# HELP portarium_connections_active Connections open now.\n")
    buffer.append("# TYPE portarium_connections_active gauge\nportarium_connections_active ")
    buffer.append(decimal: active)
    buffer.append("\n")
  }

  private static func appendDenials(of workers: [WorkerCounters], to buffer: inout TextBuffer) {
    buffer.append(
      """
      # HELP portarium_denied_total Connections and requests the policy refuses, by reason.
      # TYPE portarium_denied_total counter

      """)
    for reason in DenyReason.allCases {
      buffer.append(#"portarium_denied_total{reason=""#)
      buffer.append(reason.rawValue)
      buffer.append(#""} "#)
      buffer.append(decimal: workers.reduce(0) { $0 &+ $1.denials(for: reason) })
      buffer.append("\n")
    }
  }

  private struct Family {
    let name: String
    let help: String
    let value: @Sendable (WorkerCounters) -> UInt64
  }

  private static let families: [Family] = [
    Family(name: "connections_accepted_total", help: "Connections accepted from workloads.") {
      $0.connectionsAccepted.value
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
