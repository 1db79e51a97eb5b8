import Addressing
import Kernel
import Policy
import Telemetry
import Wire

// A request made to the proxy itself: the policy is asked about its target before a name server is,
// and about each address after it.
extension Worker {
  /// Judges the target of a complete request head and sets out to reach it.
  ///
  /// - Parameter message: the head and as much of the body as has come.
  mutating func reach(
    _ head: RequestHead, _ message: Span<UInt8>, _ explicit: ExplicitProxy,
    _ connection: inout Connection
  ) {
    let target: ExplicitTarget
    let content: Flow.Content
    do throws(RequestRefusal) {
      target = try ExplicitTarget(head, in: message)
      content =
        head.targetForm == .authority ? .tunnel : .http(method: try Self.method(head, message))
    } catch {
      return answer(
        fault: error.status, reason: error.reason, sentence: error.sentence, &connection)
    }
    explicit.begin(target, content, deadline: now + settings.limits.connect)
    guard let policy else { return refuse(Denial(.policyUnavailable), &connection) }
    notePolicy(&connection)
    counters.decisionTime.add(nanoseconds: now.since(connection.record.startedAt))
    guard mayKeep(message.count) else { return refuse(Denial(.connectionLimit), &connection) }
    switch target.host {
    case .address(let address):
      explicit.keep(head, message)
      found(.addresses([address]), explicit, &connection)
    case .name(let name):
      switch policy.decideBeforeResolving(
        name, port: target.port, content: content, from: connection.source.endpoint.address)
      {
      case .deny(let denial):
        refuse(denial, &connection)
      case .mayPass(let rule, let wouldDeny):
        connection.record.note(NotedVerdict(rule: rule, wouldDeny: wouldDeny, of: policy))
        explicit.keep(head, message)
        resolve(name, explicit, &connection)
      }
    }
  }

  private static func method(
    _ head: RequestHead, _ message: Span<UInt8>
  ) throws(RequestRefusal) -> HTTPMethod {
    guard let method = HTTPMethod(message[head.method]) else {
      throw RequestRefusal(.methodTooLong)
    }
    return method
  }

  private mutating func resolve(
    _ name: HostName, _ explicit: ExplicitProxy, _ connection: inout Connection
  ) {
    guard let resolver else { return refuse(Denial(.internalError), &connection) }
    connection.exchange.waitsForAddress()
    arm(&connection, deadline: explicit.deadline)
    let waiter = Resolver.Waiter(
      mailbox: mailbox, connection: connection.id, request: explicit.number,
      deadline: explicit.deadline)
    if let resolution = resolver.resolve(name, for: waiter, now: now) {
      found(resolution, explicit, &connection)
    }
  }

  /// Hands the resolver's answers to the connections that still wait for them.
  mutating func takeAnswers() {
    for answer in mailbox.takeAnswers() {
      guard let reference = find(answer.connection), !reference.connection.isReleased,
        reference.connection.exchange.state == .resolving,
        let explicit = reference.connection.explicit, explicit.number == answer.request
      else { continue }
      found(answer.resolution, explicit, &reference.connection)
      advance(&reference.connection)
    }
  }

  /// The target's addresses are known.
  private mutating func found(
    _ resolution: Resolution, _ explicit: ExplicitProxy, _ connection: inout Connection
  ) {
    guard case .addresses(let addresses) = resolution else {
      explicit.stopDialling()
      return upstreamFailed(.unresolved, &connection)
    }
    explicit.plan = DialPlan(addresses)
    connection.exchange.waitsForUpstream()
    if let destination = openUpstream(explicit, connection) {
      connection.machine.leads(to: destination)
      return send(explicit, isReused: true, &connection)
    }
    connection.upstream.close()
    explicit.open = nil
    dialNext(explicit, &connection)
  }

  /// The destination of the upstream that the last request left open, where it serves this one too.
  private func openUpstream(
    _ explicit: ExplicitProxy, _ connection: borrowing Connection
  ) -> OriginalDestination? {
    guard !explicit.isTunnel, connection.upstream.isOpen, let open = explicit.open,
      open.target == explicit.target, explicit.plan.contains(open.destination.endpoint.address),
      let policy
    else { return nil }
    return
      switch policy.decide(
        explicit.flow(to: open.destination), from: connection.source.endpoint.address, at: nil)
    {
    case .allow: open.destination
    case .deny: nil
    }
  }

  /// Sends the request over the upstream that is open. It is judged for its address by the policy
  /// in force now, and goes by that rule.
  mutating func send(
    _ explicit: ExplicitProxy, isReused: Bool, _ connection: inout Connection
  ) {
    guard let destination = connection.machine.destination, let head = explicit.head else {
      return refuse(Denial(.internalError), &connection)
    }
    var message = ByteBuffer()
    swap(&message, &explicit.message)
    judge(explicit.flow(to: destination), head, message.bytes, &connection)
    // A server that closes a connection before its first request won't do better the next time.
    if !isReused { forgetRequest(&connection) }
  }
}
