import Configuration
import Testing

/// Where audit records may go, and the sentences with which the rest is refused.
@Suite struct AuditKeysTests {
  private func audit(_ keys: String) -> String { "workspaceId: w\naudit: {\(keys)}\n" }

  @Test(arguments: [
    ("", Audit()),
    ("sink: stdout", Audit(sink: .stdout)),
    (
      "sink: /var/log/portarium/audit.log", Audit(sink: .file(path: "/var/log/portarium/audit.log"))
    ),
    ("sink: \"/a b/ü\"", Audit(sink: .file(path: "/a b/ü"))),
    ("sink: unix:/run/audit.sock", Audit(sink: .unix(path: "/run/audit.sock"))),
    (
      "sink: unix:/\(String(repeating: "s", count: 106))",
      Audit(sink: .unix(path: "/\(String(repeating: "s", count: 106))"))
    ),
    ("sink: unix:///run/audit.sock", Audit(sink: .unix(path: "///run/audit.sock"))),
    ("format: cloudevents, whenFull: drop", Audit(format: .cloudevents, whenFull: .drop)),
    ("format: json, whenFull: wait", Audit(format: .json, whenFull: .wait)),
  ])
  func `the audit section is read`(keys: String, expected: Audit) throws {
    #expect(try document(audit(keys)).audit == expected)
  }

  static let wanted = "must be stdout, an absolute path, or unix: and an absolute path"

  @Test(arguments: [
    ("audit.log", "\(wanted), not audit.log"),
    ("./audit.log", "\(wanted), not ./audit.log"),
    ("stdou", "\(wanted), not stdou (did you mean \"stdout\"?)"),
    ("stderr", "\(wanted), not stderr"),
    ("\"-\"", "\(wanted), not the text \"-\""),
    ("unix:audit.sock", "\(wanted), not unix:audit.sock"),
    ("\"unix:\"", "\(wanted), not the text \"unix:\""),
    ("\"\"", "\(wanted), not the text \"\""),
    ("5", "\(wanted); 5 without quotes is a number: put it in quotes"),
    ("[stdout]", "\(wanted), not a list"),
    ("/var/log/", "\"/var/log/\" is a directory's path, not a file's"),
    ("\"/a\\0b\"", "no path may hold a zero byte"),
    (
      "unix:/\(String(repeating: "s", count: 107))", "the path has 108 bytes; there is room for 107"
    ),
    ("/\(String(repeating: "s", count: 4095))", "the path has 4096 bytes; there is room for 4095"),
  ])
  func `another sink is refused`(sink: String, message: String) {
    #expect(errors(audit("sink: \(sink)")) == ["c.yaml:2:15: audit.sink: \(message)"])
  }

  @Test(arguments: [
    (
      "format: JSON",
      "2:17: audit.format: must be json or cloudevents, not JSON (did you mean \"json\"?)"
    ),
    ("format: text", "2:17: audit.format: must be json or cloudevents, not text"),
    ("whenFull: block", "2:19: audit.whenFull: must be wait or drop, not block"),
    ("when: drop", "2:9: audit.when: there is no such key here"),
  ])
  func `an unknown word is refused`(keys: String, message: String) {
    #expect(errors(audit(keys)) == ["c.yaml:\(message)"])
  }
}
