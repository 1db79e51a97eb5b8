import Addressing
import Kernel
import Policy
import Wire

/// What a connection that was made to the proxy asks for, and how far that has come. On the heap,
/// since captured connections have none; touched by the worker's thread alone.
final class ExplicitProxy {
  /// Of the request that is under way, or of the last one.
  private(set) var target: ExplicitTarget?
  /// What is judged: a request, or a tunnel before anything has come through it.
  private(set) var content = Flow.Content.tunnel
  /// Counts requests, so that the answer to an earlier one's look-up finds nothing.
  private(set) var number: UInt32 = 0
  /// The end of looking up and connecting together.
  private(set) var deadline = Instant(nanoseconds: 0)

  /// The request as it came, until it is known by which rule it may go.
  private(set) var head: RequestHead?
  var message = ByteBuffer()

  var plan = DialPlan()
  /// Connections being opened at the same time.
  var attempts: [DialAttempt] = []
  /// When the next address is tried though no attempt has failed.
  var nextAttempt: Instant?
  /// The first address that was refused, and why.
  var refusal: (denial: Denial, destination: OriginalDestination)?
  /// Why the last attempt failed.
  var failure: Failure?
  enum Failure { case timedOut, unreachable }

  /// What was opened by the CONNECT that was the last request.
  var tunnel: Tunnel?
  /// Where the upstream that is open leads, and for whom it was opened.
  var open: (target: ExplicitTarget, destination: OriginalDestination)?
  /// The last upstream socket's: events of earlier ones find nothing.
  private var serial: UInt8 = 0

  var isTunnel: Bool {
    if case .tunnel = content { true } else { false }
  }

  func begin(_ target: ExplicitTarget, _ content: Flow.Content, deadline: Instant) {
    self.target = target
    self.content = content
    self.deadline = deadline
    number &+= 1
    plan = DialPlan()
    refusal = nil
    failure = nil
  }

  /// Between two requests: nothing is asked for.
  func rest() {
    target = nil
    stopDialling()
  }

  func keep(_ head: RequestHead, _ message: Span<UInt8>) {
    self.head = head
    self.message.clear()
    self.message.append(message)
  }

  func nextSerial() -> UInt8 {
    serial = (serial &+ 1) & Token.serialMask
    return serial
  }

  /// Closes what is still being opened.
  func stopDialling() {
    attempts.removeAll()
    nextAttempt = nil
    message.release()
  }

  /// The flow for the text of a reply, made before any address was chosen.
  var flow: Flow? {
    guard let target else { return nil }
    switch target.host {
    case .name(let name):
      return Flow(unresolved: name, port: target.port, content: content)
    case .address(let address):
      return Flow(destination: target.destination(address), name: nil, content: content)
    }
  }

  /// The flow that is judged once the target is known to be at `destination`.
  func flow(to destination: OriginalDestination) -> Flow {
    Flow(destination: destination, name: target?.name, content: content)
  }
}

extension ExplicitTarget {
  func destination(_ address: IPAddress) -> OriginalDestination {
    OriginalDestination(Endpoint(address: address, port: port))
  }
}

/// A connection to one of the target's addresses, not open yet.
final class DialAttempt {
  var side: Side
  let serial: UInt8
  let destination: OriginalDestination
  /// What the record says where this attempt wins.
  let noted: NotedVerdict

  init(
    _ side: consuming Side, serial: UInt8, destination: OriginalDestination, noted: NotedVerdict
  ) {
    self.side = side
    self.serial = serial
    self.destination = destination
    self.noted = noted
  }
}

/// A verdict that lets a flow pass, without its permit.
struct NotedVerdict {
  var rule: String?
  /// Set where monitor mode lets pass what the allowlist refuses.
  var wouldDeny: Denial?
  var mode: EnforcementMode

  init(rule: Int?, wouldDeny: Denial?, of policy: Ruleset) {
    self.wouldDeny = wouldDeny
    self.rule = wouldDeny == nil ? rule.map { policy.ruleName($0) } : nil
    mode =
      wouldDeny.map { $0.enforcementMode ?? policy.enforcementMode }
      ?? rule.map { policy.enforcementMode(ofRule: $0) } ?? policy.enforcementMode
  }
}

extension OpenRecord {
  mutating func note(_ verdict: NotedVerdict) {
    if let denial = verdict.wouldDeny {
      noteDenied(denial.reason, enforced: false, mode: verdict.mode)
    } else {
      noteAllowed(by: verdict.rule, mode: verdict.mode)
    }
  }
}
