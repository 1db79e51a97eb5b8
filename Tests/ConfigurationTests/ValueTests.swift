import Configuration
import Policy
import Testing

/// What each kind of value accepts, and the sentence with which it refuses the rest.
@Suite struct ValueTests {
  @Test(arguments: [
    ("\"443\"", "must be an integer, written without quotes"),
    ("'443'", "must be an integer, written without quotes"),
    ("0443", "must be an integer in plain decimal digits, not 0443"),
    ("0x1bb", "must be an integer in plain decimal digits, not 0x1bb"),
    ("1_443", "must be an integer in plain decimal digits, not 1_443"),
    ("22:22", "must be an integer in plain decimal digits, not 22:22"),
    ("443.0", "must be an integer in plain decimal digits, not 443.0"),
    ("4e2", "must be an integer in plain decimal digits, not 4e2"),
    ("-443", "must be between 1 and 65535, not -443"),
    ("0", "must be between 1 and 65535, not 0"),
    ("65536", "must be between 1 and 65535, not 65536"),
    (
      "99999999999999999999999",
      "must be between 1 and 65535, not 99999999999999999999999"
    ),
    ("https", "must be an integer, not the text \"https\""),
    ("yes", "must be an integer, not the text \"yes\""),
    ("", "has no value; it must be an integer"),
    ("~", "has no value; it must be an integer"),
    ("[443]", "must be an integer, not a list"),
    ("{a: 1}", "must be an integer, not a section"),
    ("!!str 443", "must be an integer, written without quotes"),
  ])
  func `a port is a plain decimal integer`(value: String, message: String) {
    #expect(
      errors("workspaceId: w\nproxyPort: \(value)\n") == [
        "c.yaml:2:\(value.isEmpty ? 11 : 12): proxyPort: \(message)"
      ])
  }

  @Test(arguments: ["443", "+443", "!!int 443", "!!int \"443\""])
  func `a port is accepted as`(value: String) throws {
    #expect(try document("workspaceId: w\nproxyPort: \(value)\n").proxyPort == 443)
  }

  @Test(arguments: [
    ("true", true), ("True", true), ("TRUE", true), ("yes", true), ("on", true), ("Off", false),
    ("no", false), ("false", false),
  ])
  func `a boolean is one of YAML's words`(value: String, expected: Bool) throws {
    let document = try document("workspaceId: w\negress: {injectTraceContext: \(value)}\n")
    #expect(document.egress.injectTraceContext == expected)
  }

  @Test(arguments: [
    ("\"true\"", "must be true or false, written without quotes"),
    ("1", "must be true or false, not 1"),
    ("tRUE", "must be true or false, not tRUE (did you mean \"true\"?)"),
    ("y", "must be true or false, not y"),
    ("flase", "must be true or false, not flase (did you mean \"false\"?)"),
  ])
  func `a boolean is nothing else`(value: String, message: String) {
    #expect(
      errors("workspaceId: w\negress: {injectTraceContext: \(value)}\n")
        == ["c.yaml:2:30: egress.injectTraceContext: \(message)"])
  }

  @Test(arguments: [
    ("5s", "must be a number of seconds, not the text \"5s\""),
    ("\"5\"", "must be a number of seconds, written without quotes"),
    ("1e1", "must be a number of seconds in plain decimal digits, not 1e1"),
    (".5", "must be a number of seconds in plain decimal digits, not .5"),
    ("5.", "must be a number of seconds, not the text \"5.\""),
    ("0.0000000001", "must be a number of seconds in plain decimal digits, not 0.0000000001"),
    ("-1", "must be between 0.001 and 300 seconds, not -1"),
    ("-0.5", "must be between 0.001 and 300 seconds, not -0.5"),
    ("0", "must be between 0.001 and 300 seconds, not 0"),
    ("99999999999999", "must be between 0.001 and 300 seconds, not 99999999999999"),
    (".inf", "must be a number of seconds, not the text \".inf\""),
    ("0:30", "must be a number of seconds in plain decimal digits, not 0:30"),
  ])
  func `a duration is decimal seconds`(value: String, message: String) {
    #expect(
      errors("workspaceId: w\nlimits: {peekSeconds: \(value)}\n")
        == ["c.yaml:2:23: limits.peekSeconds: \(message)"])
  }

  @Test(arguments: [
    (
      "12345",
      "must be a workspace's identifier; 12345 without quotes is a number: put it in quotes"
    ),
    ("12e5", "must be a workspace's identifier; 12e5 without quotes is a number: put it in quotes"),
    ("no", "must be a workspace's identifier; no without quotes is a boolean: put it in quotes"),
    ("", "has no value; it must be a workspace's identifier"),
    ("\"\"", "must be 1 to 128 characters long"),
    (String(repeating: "a", count: 129), "must be 1 to 128 characters long"),
    (
      "-a",
      "must consist of letters, digits, '.', '_' and '-' and begin with a letter or a digit, unlike \"-a\""
    ),
    (
      "\"a b\"",
      "must consist of letters, digits, '.', '_' and '-' and begin with a letter or a digit, unlike \"a b\""
    ),
    (
      "\"a\\nb\"",
      "must consist of letters, digits, '.', '_' and '-' and begin with a letter or a digit, unlike \"a\\nb\""
    ),
    (
      "wörk",
      "must consist of letters, digits, '.', '_' and '-' and begin with a letter or a digit, unlike \"wörk\""
    ),
    ("[w]", "must be a workspace's identifier, not a list"),
  ])
  func `a workspace's identifier is a short plain text`(value: String, message: String) {
    #expect(
      errors("workspaceId: \(value)\n") == [
        "c.yaml:1:\(value.isEmpty ? 13 : 14): workspaceId: \(message)"
      ])
  }

  @Test(arguments: [
    "w", "\"12345\"", "a.b_c-d", "2024-01-01", "1.2.3", String(repeating: "a", count: 128),
  ])
  func `a workspace's identifier is accepted as`(value: String) throws {
    #expect(try document("workspaceId: \(value)\n").workspaceId == value.filter { $0 != "\"" })
  }

  @Test(arguments: [
    ("off", "must be enforce or monitor, not off"),
    ("Monitor", "must be enforce or monitor, not Monitor (did you mean \"monitor\"?)"),
    ("[enforce]", "must be enforce or monitor, not a list"),
  ])
  func `an enforcement mode is one of two words`(value: String, message: String) {
    #expect(
      errors("workspaceId: w\nenforcementMode: \(value)\n")
        == ["c.yaml:2:18: enforcementMode: \(message)"])
  }

  @Test(arguments: [
    ("443-", "must be two ports between 1 and 65535, the lower one first, not \"443-\""),
    ("8099-8000", "must be two ports between 1 and 65535, the lower one first, not \"8099-8000\""),
    ("0-10", "must be two ports between 1 and 65535, the lower one first, not \"0-10\""),
    ("1-65536", "must be two ports between 1 and 65535, the lower one first, not \"1-65536\""),
    ("\"1 - 5\"", "must be two ports between 1 and 65535, the lower one first, not \"1 - 5\""),
    ("\"443\"", "must be a port or a range such as 8000-8099, written without quotes"),
    ("-443", "must be between 1 and 65535, not -443"),
    ("1-2-3", "must be a port or a range such as 8000-8099, not the text \"1-2-3\""),
    ("https", "must be a port or a range such as 8000-8099, not the text \"https\""),
    ("22:22", "must be a port or a range such as 8000-8099 in plain decimal digits, not 22:22"),
  ])
  func `an entry of ports is a port or a range`(value: String, message: String) {
    #expect(
      errors(withRule("hostPattern: a.example, ports: [\(value)]"))
        == ["c.yaml:2:55: egress.allowlist[0].ports[0]: \(message)"])
  }

  @Test(arguments: [
    ("port: [443]", "port: must be an integer, not a list"),
    ("ports: 443", "ports: must be a list, not 443"),
    ("ports: []", "ports: names no port; leave the key out to admit any"),
    ("ports: ~", "ports: names no port; leave the key out to admit any"),
    ("allowedMethods: GET", "allowedMethods: must be a list, not GET"),
    ("allowedMethods: [\"GE T\"]", "allowedMethods[0]: must be an HTTP method, not \"GE T\""),
    (
      "allowedMethods: [NO]",
      "allowedMethods[0]: must be an HTTP method; NO without quotes is a boolean: put it in quotes"
    ),
    ("name: \"\"", "name: must be 1 to 128 characters long"),
    ("name: \"a\\nb\"", "name: must not hold control or invisible characters"),
  ])
  func `a rule's keys are refused with a sentence`(key: String, message: String) {
    let found = errors(withRule("hostPattern: a.example, \(key)"))
    #expect(found.count == 1)
    #expect(found.first?.hasSuffix(": egress.allowlist[0].\(message)") ?? false, "\(found)")
  }

  @Test(arguments: [
    ("[]", "proxyUID: names no uid: the proxy's own traffic would be captured"),
    ("0", "proxyUID: root (0) can't be the proxy's uid"),
    ("4294967295", "proxyUID: must be between 1 and 4294967294, not 4294967295"),
    ("proxy", "proxyUID: must be an integer, not the text \"proxy\""),
    ("[1, -1]", "proxyUID[1]: must be between 1 and 4294967294, not -1"),
    ("", "proxyUID: has no value; it must be an integer"),
  ])
  func `a proxy's uid is never root and always there`(value: String, message: String) {
    let found = errors("workspaceId: w\ncapture: {proxyUID: \(value)}\n")
    #expect(found.count == 1)
    #expect(found.first?.contains(": capture.\(message)") ?? false, "\(found)")
  }

  @Test(arguments: [
    "dns.example", "10.0.0.53:53", "10.0.0.0/24", "fe80::1%eth0", "0.0.0.0", "::", "224.0.0.1",
    "ff02::fb", "255.255.255.255", "010.0.0.1",
  ])
  func `a resolver is the address of one server`(value: String) {
    let found = errors("workspaceId: w\ncapture: {resolvers: [\"\(value)\"]}\n")
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("c.yaml:2:23: capture.resolvers[0]: ") ?? false, "\(found)")
  }
}
