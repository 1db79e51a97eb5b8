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
    defer { swap(&outgoing, &self.outgoing) }
    let inbound = connection.inbound
    let identifies = inbound == nil && policy?.addsIdentityHeaders(permit) ?? false
    let form = connection.asksProxy == nil ? nil : head.originForm(in: message)
    guard
      rewrite(
        head, message, as: form, identifies: identifies, inbound, &connection.record,
        into: &outgoing)
    else {
      return answer(fault: 431, reason: .malformedRequest, &connection)
    }
    outgoing.append(message.extracting(head.length..<message.count))

    let isSent =
      connection.destination == permit.destination && isReusable(&connection.upstream)
      && sendOnReusedUpstream(
        &outgoing, isIdempotent: message[head.method].isIdempotentMethod, &connection)
    if !isSent {
      buffers.lend(to: &connection.sent.pending)
      connection.sent.pending.append(outgoing.bytes)
      connection.exchange.waitsForUpstream()
      connect(permit, &connection)
    }
  }

  /// An upstream that has said nothing since its last answer: what it said would be taken for the
  /// answer to this request.
  mutating func isReusable(_ upstream: inout Side) -> Bool {
    upstream.isOpen && !upstream.hasHungUp && upstream.hasNothingToRead(using: &scratch)
  }

  /// The head as it leaves: without what the workload may not say, with its trace context and, where
  /// its rule wants it, with who sends it. It gets no longer than a head that is taken may be: without
  /// room its trace context stays as it came.
  ///
  /// - Parameter form: what its target becomes where it was made to the proxy itself.
  /// - Returns: false where there is no room for what its rule wants.
  private mutating func rewrite(
    _ head: RequestHead, _ message: Span<UInt8>, as form: RequestHead.OriginForm?,
    identifies: Bool, _ inbound: InboundSession?, _ record: inout OpenRecord,
    into outgoing: inout ByteBuffer
  ) -> Bool {
    if options.injectsTraceContext {
      let context = TraceContext(
        continuing: head, in: message, traceID: traceIDs.nextTraceID(),
        parentID: traceIDs.nextParentID())
      addedFields.clear()
      addedFields.append(atMost: TraceContext.maximumFieldsLength) {
        context.appendFields(of: head, in: message, to: &$0)
      }
      if assemble(
        head, message, as: form, tracing: addedFields.bytes, identifies: identifies, inbound,
        into: &outgoing)
      {
        record.noteTraceParent(context.parent.text.span)
        return true
      }
      outgoing.clear()
    }
    return assemble(
      head, message, as: form, tracing: nil, identifies: identifies, inbound, into: &outgoing)
  }

  /// - Parameter tracing: takes the place of the trace context that came; nil leaves that.
  /// - Returns: false where the head got too long.
  private func assemble(
    _ head: RequestHead, _ message: Span<UInt8>, as form: RequestHead.OriginForm?,
    tracing: Span<UInt8>?, identifies: Bool, _ inbound: InboundSession?,
    into outgoing: inout ByteBuffer
  ) -> Bool {
    if let form {
      outgoing.append(message.extracting(0..<Int(head.target.lower)))
      switch form.prefix {
      case .none: break
      case .slash: outgoing.append("/")
      case .asterisk: outgoing.append("*")
      }
    }
    RequestRewrite.forEachPiece(
      of: head, replacingTraceContext: tracing != nil, asProxy: form != nil,
      tellingPeer: inbound != nil, from: form?.rest ?? 0
    ) { outgoing.append(message[$0]) }
    if let form, !head.hasHost {
      outgoing.append("host: ")
      outgoing.append(message[form.authority])
      outgoing.append("\r\n")
    }
    if let tracing { outgoing.append(tracing) }
    if identifies { outgoing.append(identityFields.bytes) }
    outgoing.append("\r\n")
    guard let inbound else { return outgoing.count <= headLimits.maximumBytes }
    // What we say of the peer doesn't count: a head that is taken must not lose it.
    let length = outgoing.count
    outgoing.truncate(to: length - 2)
    inbound.appendPeerFields(to: &outgoing)
    outgoing.append("\r\n")
    return length <= headLimits.maximumBytes
  }
}
