import Kernel
import Policy
import Telemetry
import Wire

// An allowed request on its way to its destination.
extension Worker {
  /// Sends a request on its way. The permit is for this request; a connection to its destination
  /// that is still open is used again, for that one was opened by a permit too.
  ///
  /// - Parameter message: the head and as much of the body as has come.
  mutating func forward(
    _ head: RequestHead, _ message: Span<UInt8>, _ permit: consuming Permit,
    _ connection: inout Connection
  ) {
    var outgoing = ByteBuffer()
    swap(&outgoing, &self.outgoing)
    outgoing.clear()
    rewrite(head, message, &connection.record, into: &outgoing)
    outgoing.append(message.extracting(head.length..<message.count))

    let isSent =
      connection.machine.destination == permit.destination && isReusable(&connection.upstream)
      && sendOnReusedUpstream(
        &outgoing, isIdempotent: message[head.method].isIdempotentMethod, &connection)
    if !isSent {
      connection.sent.pending.append(outgoing.bytes)
      connection.exchange.waitsForUpstream()
      connect(permit, &connection)
    }
    swap(&outgoing, &self.outgoing)
  }

  /// An upstream that has said nothing since its last answer: what it said would be taken for the
  /// answer to this request.
  private func isReusable(_ upstream: inout Side) -> Bool {
    guard upstream.isOpen, !upstream.hasHungUp else { return false }
    guard upstream.isReadable else { return true }
    var surplus = ByteBuffer(capacity: 1)
    guard surplus.receive(from: upstream.descriptor, atMost: 1) == .wouldBlock else {
      return false
    }
    upstream.isReadable = false
    return true
  }

  /// The head as it leaves: without what the workload may not say, with its trace context.
  private mutating func rewrite(
    _ head: RequestHead, _ message: Span<UInt8>, _ record: inout OpenRecord,
    into outgoing: inout ByteBuffer
  ) {
    addedFields.clear()
    if settings.injectsTraceContext {
      let context = TraceContext(
        continuing: head, in: message, traceID: traceIDs.nextTraceID(),
        parentID: traceIDs.nextParentID())
      record.noteTraceParent(context.parent.text.span)
      addedFields.append(atMost: TraceContext.maximumFieldsLength) {
        context.appendFields(of: head, in: message, to: &$0)
      }
    }
    RequestRewrite.forEachPiece(
      of: head, replacingTraceContext: settings.injectsTraceContext
    ) { outgoing.append(message[$0]) }
    outgoing.append(addedFields.bytes)
    outgoing.append("\r\n")
  }
}
