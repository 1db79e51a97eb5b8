import Addressing
import Configuration
import DataPlane
import Kernel
import Policy

/// The sidecar's life: guard itself, listen, serve, drain.
struct Service {
  private let document: Document

  init(_ document: Document) { self.document = document }

  func serve() -> ExitStatus {
    do throws(StartFailure) {
      let signals = try prepare()
      let dataPlane = try start()
      do {
        _ = try signals.wait()
      } catch {
        Process.complain("portarium-sidecar: waiting for signals failed: \(error)")
      }
      return drain(dataPlane)
    } catch {
      Process.complain("portarium-sidecar: \(error.sentence)")
      return error.status
    }
  }

  /// Why the service can't start, and how the process ends for it.
  private struct StartFailure: Error {
    var sentence: String
    var status: ExitStatus
  }

  private func prepare() throws(StartFailure) -> TerminationSignals {
    do {
      try Process.guardItself()
      return try TerminationSignals()
    } catch {
      throw StartFailure(sentence: "the process can't guard itself: \(error)", status: .systemRefused)
    }
  }

  private func start() throws(StartFailure) -> DataPlane {
    let policy = PublishedPolicy()
    policy.publish(
      Ruleset(rules: document.egress.rules, enforcementMode: document.enforcementMode))
    do {
      return try DataPlane(
        settings: try settings(), policy: policy, audit: Process.takeStandardOutput(),
        reportSinkFailure: { error in
          Process.complain("portarium-sidecar: audit records can't be written: \(error)")
        })
    } catch let error as DataPlane.StartError {
      throw Self.failure(error)
    } catch {
      throw StartFailure(sentence: "the descriptor limit can't be read: \(error)", status: .systemRefused)
    }
  }

  private static func failure(_ error: DataPlane.StartError) -> StartFailure {
    switch error {
    case .cannotListen(let endpoint, .addressInUse):
      StartFailure(
        sentence: "\(endpoint) is in use by another process; proxyPort names the port",
        status: .systemRefused)
    case .cannotListen(let endpoint, let error):
      StartFailure(
        sentence: "can't listen on \(endpoint): \(error)",
        status: error == .permissionDenied ? .noPermission : .systemRefused)
    case .cannotStart(let error):
      StartFailure(sentence: "the workers can't start: \(error)", status: .systemRefused)
    }
  }

  private func settings() throws -> DataPlaneSettings {
    var limits = DataPlaneSettings.Limits()
    limits.peek = document.limits.peek.nanoseconds
    limits.peekBytes = document.limits.peekBytes
    limits.requestHead = document.limits.requestHead.nanoseconds
    limits.requestHeadBytes = document.limits.requestHeadBytes
    limits.requestHeadFields = document.limits.requestHeadFields
    limits.connect = document.limits.connect.nanoseconds
    limits.idle = document.limits.idle.nanoseconds
    limits.keepAlive = document.limits.keepAlive.nanoseconds
    limits.halfClosed = document.limits.halfClosed.nanoseconds
    let possible = Self.connections(descriptors: try Process.raiseDescriptorLimit())
    limits.connections = min(document.limits.maxConnections ?? possible, possible)
    return DataPlaneSettings(
      workspaceID: document.workspaceId,
      workers: document.workers ?? CPULimit.ofCgroup() ?? 2,
      listeners: [
        Endpoint(address: .v4(IPv4Address(rawValue: 0x7f00_0001)), port: document.proxyPort),
        Endpoint(address: .v6(IPv6Address(rawValue: 1)), port: document.proxyPort),
      ],
      limits: limits,
      injectsTraceContext: document.egress.injectTraceContext)
  }

  /// Two sockets a connection; the reserve is for listeners, pipes, admin and health.
  private static func connections(descriptors: Int) -> Int {
    max(1, (descriptors - min(512, descriptors / 4)) / 2)
  }

  /// Lets what is under way end within the drain's time, then closes the rest.
  private func drain(_ dataPlane: DataPlane) -> ExitStatus {
    dataPlane.drain()
    let deadline = Instant.now() + document.limits.drain.nanoseconds
    var isForced = false
    for id in dataPlane.counters.indices {
      let left = Int32(clamping: (deadline.since(Instant.now()) + 999_999) / 1_000_000)
      if !dataPlane.waitForWorker(id, milliseconds: left) { isForced = true }
    }
    if isForced {
      dataPlane.stop()
      for id in dataPlane.counters.indices {
        _ = dataPlane.waitForWorker(id, milliseconds: 1000)
      }
    }
    let isWritten = dataPlane.finishAudit(milliseconds: 5000)
    if !isWritten { Process.complain("portarium-sidecar: the last audit records were not written") }
    return isForced || !isWritten ? .interrupted : .done
  }
}

extension Duration {
  /// Nanoseconds; document values are never negative.
  fileprivate var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }
}
