internal import CNetfilter
internal import Glibc
internal import Kernel

/// Changes of the kernel's ruleset that happen together or not at all.
package enum Transaction {
  /// Puts the rulesets in force in place of whatever tables of their names there were. Everything
  /// else in the kernel stays as it is.
  ///
  /// Blocks for some milliseconds. When it returns, every packet meets the new rules.
  package static func apply(_ rulesets: Ruleset...) throws(TransactionError) {
    try replace(with: rulesets)
  }

  /// The same for a list.
  ///
  /// - Parameters:
  ///   - stale: tables that are deleted in the same transaction, where there are such.
  ///   - note: what the kernel keeps beside each table.
  static func replace(
    with rulesets: [Ruleset], removing stale: [TableIdentity] = [], note: [UInt8] = []
  ) throws(TransactionError) {
    let changes =
      rulesets.map { $0.change(note: note) }
      + stale.filter(exists).map { TableChange($0, [.addTable(), .deleteTable]) }
    // A namespace that starts has none of the tables. Then nothing needs to be deleted, and the
    // kernel, which on the closing of a netlink socket waits until all readers have let go of what
    // was deleted, has nothing to wait for: that is most of the time that a replacement takes.
    let creations = changes.compactMap(\.creation)
    if creations.count == changes.count, !creations.contains(where: { exists($0.table) }) {
      do throws(TransactionError) {
        return try commit(creations)
      } catch {
        // Somebody was quicker, and nothing of ours is in force.
        guard case .refused(_, Errno(EEXIST), _) = error else { throw error }
      }
    }
    try commit(changes)
  }

  /// Whether there may be such a table: true also where the kernel doesn't say.
  static func exists(_ table: TableIdentity) -> Bool {
    do throws(TransactionError) {
      var socket = try NetfilterSocket()
      try socket.bind()
      try socket.send(
        NetlinkMessage.request(
          NFT_MSG_GETTABLE, KernelFamily(rawValue: UInt8(table.family.number)), flags: 0,
          sequence: 1,
          attributes: NetlinkMessage.attribute(UInt16(NFTA_TABLE_NAME.rawValue), text: table.name)))
      for reply in try socket.receive() {
        if case .outcome(_, let failure?) = reply { return failure.errno.code != ENOENT }
      }
      return true
    } catch {
      // The transaction that follows meets the same and says it better.
      return true
    }
  }

  /// Takes the table away with all that is in it. False where there was none.
  package static func remove(
    table: TableIdentity = Ruleset.table
  ) throws(TransactionError) -> Bool {
    do throws(TransactionError) {
      try commit([TableChange(table, [.deleteTable])])
      return true
    } catch {
      guard case .refused(_, Errno(ENOENT), _) = error else { throw error }
      return false
    }
  }

  /// Sends all changes as one batch; throws the kernel's first objection, and then nothing of them
  /// is in force.
  package static func commit(_ changes: [TableChange]) throws(TransactionError) {
    let batch = try Batch(changes)
    var answers = 1 << 18
    while true {
      do throws(TransactionError) {
        return try commit(batch, answers: answers)
      } catch .system(_, .noBufferSpace) where answers < 1 << 26 {
        // Answers were lost, so the outcome is unknown. All our batches may be sent again.
        answers *= 8
      }
    }
  }

  private static func commit(_ batch: Batch, answers: Int) throws(TransactionError) {
    var socket = try NetfilterSocket()
    try socket.bind()
    socket.makeRoom(sending: batch.bytes.count, receiving: answers)
    try socket.send(batch.bytes)
    // The batch was carried out before `send` returned, and its answers are in the buffer. Kernels
    // before 6.10 don't acknowledge a batch's end, so a question follows whose answer always comes:
    // when it is here, so are all errors, and without one the batch was committed.
    let lastSequence = batch.endSequence + 1
    try socket.send(generationRequest(sequence: lastSequence))
    var first: (sequence: UInt32, failure: NetlinkFailure)?
    while true {
      for reply in try socket.receive() {
        switch reply {
        case .outcome(lastSequence, _), .other(lastSequence):
          guard let (sequence, failure) = first else { return }
          throw TransactionError(
            failure, refused: batch.operation(sequence: sequence),
            expression: failure.attributeOffset.flatMap {
              batch.expression(sequence: sequence, attributeOffset: $0)
            })
        case .outcome(let sequence, let failure?):
          // The first one is the cause, those behind it often its consequences.
          if first == nil { first = (sequence, failure) }
        case .outcome, .other: break
        }
      }
    }
  }

  /// Asks for the number of the ruleset's generation: needs no privilege and always has an answer.
  private static func generationRequest(sequence: UInt32) -> [UInt8] {
    let type = UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(NFT_MSG_GETGEN.rawValue)
    return UInt32(20).hostOrderBytes + type.hostOrderBytes + UInt16(NLM_F_REQUEST).hostOrderBytes
      + sequence.hostOrderBytes + UInt32(0).hostOrderBytes + [UInt8(AF_UNSPEC), 0, 0, 0]
  }
}
