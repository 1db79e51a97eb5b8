/// Request targets (RFC 9112 §3.2), and authorities in them.
enum TargetInputs {
  static let all = bytes + forms + authorities + differing + connect

  private static func target(_ target: String, method: String = "GET") -> String {
    Raw.head("\(method) \(target) HTTP/1.1")
  }

  private static let bytes: [RawInput] = [
    .refused("a fragment", target("/t#f")),
    .refused("a fragment alone", target("#")),
    .refused("an encoded target with a bare fragment", target("/%23#")),
    .refused("NUL in the target", target("/t\u{0}")),
    .refused("a control byte in the target", target("/t\u{1}")),
    .refused("ESC in the target", target("/t\u{1b}[2J")),
    .refused("DEL in the target", target("/t\u{7f}")),
    .refused("obs-text in the target", target("/t\u{e9}")),
    .refused("UTF-8 in the target", target("/t\u{c3}\u{a9}")),
    .refused("a tab in the target", target("/t\tt")),
    .refused("a target that wraps", target("/t\r\n t")),
    .refused("a target with a line of its own", target("/t\r\nHost: x\r\n\r\nGET /u")),
  ]

  private static let forms: [RawInput] = [
    .refused("a relative target", target("t")),
    .refused("a target that climbs", target("../t")),
    .refused("a query alone", target("?t")),
    .refused("a backslash", target("\\t")),
    .refused("a name and a path", target("api.example.com/t")),
    .refused("a name and a port", target("api.example.com:80")),
    .refused("an asterisk to GET", target("*")),
    .refused("an asterisk to POST", target("*", method: "POST")),
    .refused("an asterisk to a method in lower case", target("*", method: "options")),
    .refused("an asterisk and more", target("*/t", method: "OPTIONS")),
    .refused("two asterisks", target("**", method: "OPTIONS")),
    .refused("an asterisk with a query", target("*?t", method: "OPTIONS")),
    .refused("HTTP/2's preface in HTTP/1.1", target("*", method: "PRI")),
    .refused("ftp", target("ftp://api.example.com/")),
    .refused("ws", target("ws://api.example.com/")),
    .refused("file", target("file:///etc/passwd")),
    .refused("a scheme cut short", target("http:/t")),
    .refused("a scheme without slashes", target("http:t")),
    .refused("a scheme with backslashes", target("http:\\\\api.example.com\\")),
    .refused("a scheme that only folds to http", target("hT\u{14}p://api.example.com/")),
    .refused("a target of 64 KiB", target("/" + Raw.repeating("t", 65536)), 414),
  ]

  private static let authorities: [RawInput] = [
    .ambiguous("an absolute target without a host", target("http:///t")),
    .ambiguous("an absolute target that ends with its scheme", target("http://")),
    .ambiguous("an absolute target with a port alone", target("http://:80/")),
    .ambiguous("an absolute target with a query alone", target("http://?t")),
    .ambiguous("userinfo in the target", target("http://u@api.example.com/")),
    .ambiguous("userinfo with a password in the target", target("http://u:p@api.example.com/")),
    .ambiguous("a name as userinfo", target("http://api.example.com:80@other.example.net/")),
    .ambiguous(
      "a backslash before userinfo", target("http://api.example.com\\@other.example.net/")),
    .ambiguous("a backslash behind the host", target("http://api.example.com\\t/")),
    .ambiguous("percent-encoding in the target's host", target("http://%61pi.example.com/")),
    .ambiguous("a list in the target's host", target("http://api.example.com,other.example.net/")),
    .ambiguous("an empty port in the target", target("http://api.example.com:/")),
    .ambiguous("port 0 in the target", target("http://api.example.com:0/")),
    .ambiguous("a port of six digits in the target", target("http://api.example.com:000080/")),
    .ambiguous("a port with a leading zero in the target", target("http://api.example.com:080/")),
    .ambiguous("a port beyond 16 bits in the target", target("http://api.example.com:65616/")),
    .ambiguous("a sign before the target's port", target("http://api.example.com:+80/")),
    .ambiguous("letters in the target's port", target("http://api.example.com:http/")),
    .ambiguous("an address that isn't closed", target("http://[::1/")),
    .ambiguous("something behind an address", target("http://[::1]x/")),
    .ambiguous("an address with a zone", target("http://[fe80::1%25eth0]/")),
  ]

  private static func absolute(_ target: String, host: String, version: String = "1.1") -> String {
    "GET \(target) HTTP/\(version)\r\nHost: \(host)\r\n\r\n"
  }

  private static let differing: [RawInput] = [
    .ambiguous("Host differs from the target", target("http://other.example.net/")),
    .ambiguous(
      "a denied Host beside an allowed target",
      absolute("http://api.example.com/", host: "other.example.net")),
    .ambiguous(
      "Host differs from the target in HTTP/1.0",
      absolute("http://api.example.com/", host: "other.example.net", version: "1.0")),
    .ambiguous("Host below the target's name", target("http://example.com/")),
    .ambiguous("Host above the target's name", target("http://a.api.example.com/")),
    .ambiguous("a trailing dot in the target alone", target("http://api.example.com./")),
    .ambiguous("an address for Host's name", target("http://[::1]/")),
    .ambiguous("another port in the target", target("http://api.example.com:81/")),
    .ambiguous(
      "another port in Host", absolute("http://api.example.com/", host: "api.example.com:81")),
    .ambiguous(
      "https's port in Host", absolute("http://api.example.com/", host: "api.example.com:443")),
    .ambiguous(
      "a port that neither destination nor scheme has",
      absolute("http://api.example.com:8080/", host: "api.example.com:8080")),
    .ambiguous("https in the clear", target("https://api.example.com/")),
    .ambiguous(
      "https in the clear to port 80",
      absolute("https://api.example.com:80/", host: "api.example.com:80")),
    .refused("an absolute target without Host", "GET http://api.example.com/ HTTP/1.1\r\n\r\n"),
    .denied(
      "an absolute target that nothing allows",
      absolute("http://other.example.net/a?b", host: "other.example.net"), "host-not-allowed"),
  ]

  private static func connect(_ target: String, _ fields: String = "Host: api.example.com")
    -> String
  { "CONNECT \(target) HTTP/1.1\r\n\(fields)\r\n\r\n" }

  /// On a captured connection there is nobody to open a tunnel.
  private static let connect: [RawInput] = [
    .denied("CONNECT", connect("api.example.com:80"), "method-not-allowed"),
    .ambiguous("CONNECT without a port", connect("api.example.com")),
    .ambiguous("CONNECT with an empty port", connect("api.example.com:")),
    .ambiguous("CONNECT without a host", connect(":80")),
    .ambiguous("CONNECT with a path", connect("/t")),
    .ambiguous("CONNECT with an asterisk", connect("*")),
    .ambiguous("CONNECT with a scheme", connect("http://api.example.com:80/")),
    .ambiguous("CONNECT with userinfo", connect("u@api.example.com:80")),
    .ambiguous("CONNECT to another host than Host", connect("other.example.net:80")),
    .ambiguous("CONNECT to another port", connect("api.example.com:443")),
    .ambiguous(
      "CONNECT to another port than Host's",
      connect("api.example.com:80", "Host: api.example.com:81")),
    .refused("CONNECT without Host", "CONNECT api.example.com:80 HTTP/1.1\r\n\r\n"),
    .refused(
      "CONNECT with a body",
      connect("api.example.com:80", "Host: api.example.com\r\nContent-Length: 5") + "hello"),
    .refused(
      "CONNECT with a chunked body",
      connect("api.example.com:80", "Host: api.example.com\r\nTransfer-Encoding: chunked")
        + "0\r\n\r\n"),
  ]
}
