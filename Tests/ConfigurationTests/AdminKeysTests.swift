import Configuration
import Testing

@Suite struct AdminKeysTests {
  @Test(
    "Uids are read, one or several, ascending",
    arguments: [
      ("{}", []), ("{allowUIDs: []}", []), ("{allowUIDs: 0}", [0]),
      ("{allowUIDs: [1001, 7]}", [7, 1001]), ("{allowUIDs: 4294967294}", [4_294_967_294]),
    ] as [(String, [UInt32])])
  func uids(section: String, uids: [UInt32]) throws {
    #expect(try document("workspaceId: w\nadmin: \(section)").admin.allowUIDs == uids)
  }

  @Test(
    "What is no uid is refused",
    arguments: [
      ("4294967295", "2:20: admin.allowUIDs: must be between 0 and 4294967294"),
      ("[7, 7]", "2:20: admin.allowUIDs: 7 is listed twice"),
      ("root", "2:20: admin.allowUIDs: must be an integer"),
    ])
  func refused(value: String, start: String) throws {
    let errors = errors("workspaceId: w\nadmin: {allowUIDs: \(value)}")
    #expect(errors.count == 1)
    #expect(try #require(errors.first).hasPrefix("c.yaml:\(start)"), "\(errors)")
  }

  @Test("Who lets the workload ask for everything is warned")
  func workload() throws {
    let text = "workspaceId: w\nadmin: {allowUIDs: [5, 1000]}\ncapture: {workloadUIDs: 1000}\n"
    #expect(
      try warnings(text).contains {
        $0.contains("uid 1000 is the workload's (capture.workloadUIDs)")
      })
    #expect(try !warnings(text.replacing("[5, 1000]", with: "[5]")).contains { $0.contains("uid") })
  }
}
