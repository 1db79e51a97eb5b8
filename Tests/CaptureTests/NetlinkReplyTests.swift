import Kernel
import Testing

@testable import Capture

/// Answers as the kernel sends them, byte by byte.
@Suite("The kernel's answers are read")
struct NetlinkReplyTests {
  /// An NLMSG_ERROR: header, code, the refused message's header, attributes.
  private func error(
    _ code: Int32, sequence: UInt32, attributes: [UInt8] = []
  ) -> [UInt8] {
    let flags: UInt16 = attributes.isEmpty ? 0x100 : 0x300
    let length = UInt32(16 + 4 + 16 + attributes.count)
    return length.hostOrderBytes + UInt16(2).hostOrderBytes + flags.hostOrderBytes
      + sequence.hostOrderBytes + UInt32(0).hostOrderBytes
      + UInt32(bitPattern: -code).hostOrderBytes + Array(repeating: 0, count: 16) + attributes
  }

  @Test("Acknowledgements and errors, several in one read")
  func several() throws {
    let bytes = error(0, sequence: 7) + error(2, sequence: 9)
    #expect(
      NetlinkReply.parse(bytes[...]) == [
        .outcome(sequence: 7, nil),
        .outcome(sequence: 9, NetlinkFailure(errno: Errno(2))),
      ])
  }

  @Test("The offset and the words of an extended error")
  func extended() throws {
    let words = Array("no such thing\0".utf8) + [0, 0]
    let attributes: [UInt8] =
      UInt16(18).hostOrderBytes + UInt16(1).hostOrderBytes + words
      + UInt16(8).hostOrderBytes + UInt16(2).hostOrderBytes + UInt32(60).hostOrderBytes
    #expect(
      NetlinkReply.parse(error(2, sequence: 3, attributes: attributes)[...]) == [
        .outcome(
          sequence: 3,
          NetlinkFailure(
            errno: Errno(2), attributeOffset: 60, explanation: "no such thing"))
      ])
  }

  @Test("No prefix of an answer is read past its end or taken for a whole one")
  func prefixes() {
    let whole = error(1, sequence: 1)
    for count in 1..<whole.count {
      #expect(NetlinkReply.parse(whole[..<count]) == nil)
    }
    #expect(NetlinkReply.parse([]) == [])
  }

  @Test(
    "What an error means, and the option that the kernel lacks",
    arguments: [
      (nil, 1, .notPermitted),
      (nil, 95, .unsupported(feature: "nf_tables", option: "CONFIG_NF_TABLES")),
      (
        .addTable(), 97,
        .unsupported(feature: "tables of family inet", option: "CONFIG_NF_TABLES_INET")
      ),
      (
        .addChain(
          Chain("n", hook: Hook(.nat, .output, priority: -100, policy: .accept), [])), 2,
        .unsupported(feature: "chains of type nat", option: "CONFIG_NFT_NAT")
      ),
      (
        .addRule(chain: "c", text: "r", [KernelExpression("fib")]), 2,
        .unsupported(
          feature: "the nftables expression fib (for the rule \"r\")",
          option: "CONFIG_NFT_FIB_INET")
      ),
      (
        .addChain(Chain("c", [])), 28,
        .refused(what: "to add the chain c", Errno(28), explanation: nil)
      ),
    ] as [(Operation?, Int32, TransactionError)])
  func meaning(operation: Operation?, code: Int32, expected: TransactionError) {
    #expect(
      TransactionError(
        NetlinkFailure(errno: Errno(code)), refused: operation.map { ($0, Ruleset.table) },
        expression: nil) == expected)
  }
}
