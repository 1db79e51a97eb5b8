internal import Addressing
internal import Configuration
internal import Kernel

/// Real connections from this process: where do they go?
struct ProbeConnections {
  let plan: CapturePlan
  let deadline: Instant
  private typealias Outcome = Verification.Check.Outcome

  /// What a single step waits at most, so that one that gets no answer leaves time for the others.
  private static let patience: UInt64 = 700_000_000

  func checks() -> [Verification.Check] {
    ProbeTarget.Family.allCases.flatMap { checks(of: $0) }
  }

  private func checks(of family: ProbeTarget.Family) -> [Verification.Check] {
    let target = ProbeTarget(capture: plan.capture)
    var checks: [Verification.Check] = []
    func check(_ name: String, _ endpoint: Endpoint?, _ run: (Endpoint) -> Outcome) {
      let name = "\(name) over \(family.name)"
      guard let endpoint else {
        checks.append(.init(name: name, outcome: .skipped("the document leaves none to try")))
        return
      }
      guard hasRoute(to: endpoint) else {
        checks.append(.init(name: name, outcome: .skipped("there is no route")))
        return
      }
      checks.append(.init(name: name, outcome: run(endpoint)))
    }
    check("TCP is captured", target.captured(family)) { captured($0, family) }
    if let endpoint = target.refused(family) {
      check("TCP that isn't included is refused", endpoint, refused)
    }
    check("UDP is refused", target.datagram(family), datagram)
    return checks
  }

  /// Connecting a datagram socket asks the routing tables and sends nothing.
  private func hasRoute(to endpoint: Endpoint) -> Bool {
    do throws(Errno) {
      _ = try Descriptor.datagrams(to: endpoint)
      return true
    } catch {
      return false
    }
  }

  // MARK: TCP

  private func captured(_ target: Endpoint, _ family: ProbeTarget.Family) -> Outcome {
    let proxy = Endpoint(address: family.loopback, port: plan.ports.proxy)
    do throws(Errno) {
      let listener = try Descriptor.listening(on: proxy, sharing: false, backlog: 16)
      return try arrives(at: listener, target)
    } catch .addressInUse {
      // The sidecar has it.
      return answered(by: proxy, target)
    } catch .permissionDenied {
      return .notPermitted("no right to listen on \(proxy) in the sidecar's place")
    } catch {
      return .failed("\(error)")
    }
  }

  /// A connection to the target must come to the listener, and conntrack must know where it was
  /// meant to go.
  private func arrives(at listener: borrowing Descriptor, _ target: Endpoint) throws(Errno)
    -> Outcome
  {
    let end = stepEnd
    let connection = try Descriptor.connecting(to: target)
    let source = try connection.localEndpoint()
    while Instant.now() < end {
      switch listener.accept() {
      case .connection(let accepted, let peer):
        // Somebody else's.
        guard peer == source else { continue }
        let local = try accepted.localEndpoint()
        do throws(Errno) {
          let meant = try accepted.originalDestination(local: local).endpoint
          return meant == target
            ? .passed : .failed("the original destination of one to \(target) reads \(meant)")
        } catch {
          return .failed("the original destination can't be read: \(error)")
        }
      case .failed(let error): throw error
      case .none:
        connection.waitWritable(milliseconds: 10)
        if let error = connection.pendingError() {
          return .failed("a connection to \(target) ends with: \(error)")
        }
        listener.waitReadable(milliseconds: 10)
      }
    }
    return .failed("a connection to \(target) did not come to port \(plan.ports.proxy)")
  }

  /// Whoever accepts a connection to an address that nobody has is on this host; the list of its
  /// sockets says whether on the sidecar's port.
  private func answered(by proxy: Endpoint, _ target: Endpoint) -> Outcome {
    do throws(Errno) {
      let connection = try Descriptor.connecting(to: target)
      let source = try connection.localEndpoint()
      if let error = outcome(of: connection) {
        return .failed("a connection to \(target) ends with: \(error)")
      }
      return isConnected(proxy, with: source)
        ? .passed
        : .failed("a connection to \(target) was taken by somebody else than port \(proxy.port)")
    } catch {
      return .failed("a connection to \(target) ends with: \(error)")
    }
  }

  private func isConnected(_ proxy: Endpoint, with source: Endpoint) -> Bool {
    do throws(ConnectionError) {
      var diagnostics = try SocketDiagnostics()
      return try diagnostics.connected().contains {
        $0.local == proxy && $0.remote == source
      }
    } catch {
      // A kernel that lists no sockets: that somebody answered must do.
      return true
    }
  }

  private func refused(_ target: Endpoint) -> Outcome {
    do throws(Errno) {
      let connection = try Descriptor.connecting(to: target)
      guard let error = outcome(of: connection) else {
        return .failed("a connection to \(target) was accepted")
      }
      return error == .connectionRefused
        ? .passed : .failed("a connection to \(target) ends with: \(error)")
    } catch {
      return error == .connectionRefused
        ? .passed : .failed("a connection to \(target) ends with: \(error)")
    }
  }

  /// Nil: connected.
  private func outcome(of connection: borrowing Descriptor) -> Errno? {
    let left = stepEnd.since(Instant.now())
    guard connection.waitConnected(milliseconds: Int32(left / 1_000_000)) else {
      return .timedOut
    }
    return connection.pendingError()
  }

  private var stepEnd: Instant { min(deadline, Instant.now() + Self.patience) }

  // MARK: UDP

  private func datagram(_ target: Endpoint) -> Outcome {
    do throws(Errno) {
      let socket = try Descriptor.datagrams(to: target)
      try socket.sendDatagram([0])
      return .failed("a datagram to \(target) was sent")
    } catch .notPermitted {
      return .passed
    } catch {
      return .failed("a datagram to \(target) ends with: \(error)")
    }
  }
}
