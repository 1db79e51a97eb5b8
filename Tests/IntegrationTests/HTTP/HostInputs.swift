/// Host (RFC 9112 §3.2): exactly one, and one host that everyone reads alike.
enum HostInputs {
  static let all = missing + repeated + userinfo + ports + bytes + unknown

  private static let missing: [RawInput] = [
    .refused("no Host", "GET /h HTTP/1.1\r\n\r\n"),
    .refused("no Host but another field", "GET /h HTTP/1.1\r\nX-Host: api.example.com\r\n\r\n"),
    .refused("Hosts for Host", "GET /h HTTP/1.1\r\nHosts: api.example.com\r\n\r\n"),
    .refused("Hos for Host", "GET /h HTTP/1.1\r\nHos: api.example.com\r\n\r\n"),
    .ambiguous("an empty Host", Raw.host("")),
    .ambiguous("a Host of spaces", Raw.host(" \t ")),
    .ambiguous("an empty Host in HTTP/1.0", "GET /h HTTP/1.0\r\nHost:\r\n\r\n"),
    .ambiguous("a port alone", Raw.host(" :80")),
    .ambiguous("empty brackets", Raw.host(" []")),
    .ambiguous("a dot alone", Raw.host(" .")),
    .ambiguous("an empty label", Raw.host(" api..example.com")),
    .ambiguous("a leading dot", Raw.host(" .example.com")),
    .ambiguous("two trailing dots", Raw.host(" api.example.com..")),
  ]

  private static let repeated: [RawInput] = [
    .ambiguous("the same Host twice", Raw.get("/h", "Host: api.example.com")),
    .ambiguous("another Host behind it", Raw.get("/h", "Host: other.example.net")),
    .ambiguous("another Host in other letters", Raw.get("/h", "hOsT: other.example.net")),
    .ambiguous("an empty second Host", Raw.get("/h", "Host:")),
    .ambiguous(
      "a second Host far behind", Raw.get("/h", "A: b\r\nC: d\r\nHost: other.example.net")),
    .ambiguous(
      "two in HTTP/1.0",
      "GET /h HTTP/1.0\r\nHost: api.example.com\r\nHost: other.example.net\r\n\r\n"),
    .ambiguous("a list", Raw.host(" api.example.com, other.example.net")),
    .ambiguous("a list without a space", Raw.host(" api.example.com,other.example.net")),
    .ambiguous("a comma at the end", Raw.host(" api.example.com,")),
    .ambiguous("two words", Raw.host(" api.example.com other.example.net")),
    .ambiguous("two words and a tab", Raw.host(" api.example.com\tother.example.net")),
    .ambiguous("a semicolon", Raw.host(" api.example.com;other.example.net")),
  ]

  private static let userinfo: [RawInput] = [
    .ambiguous("userinfo", Raw.host(" u@api.example.com")),
    .ambiguous("userinfo with a password", Raw.host(" u:p@api.example.com")),
    .ambiguous("empty userinfo", Raw.host(" @api.example.com")),
    .ambiguous("a host as userinfo", Raw.host(" api.example.com@other.example.net")),
    .ambiguous("a host and port as userinfo", Raw.host(" api.example.com:80@other.example.net")),
    .ambiguous("userinfo and no host", Raw.host(" api.example.com@")),
  ]

  private static let ports: [RawInput] = [
    .ambiguous("a port that isn't the destination's", Raw.host(" api.example.com:81")),
    .ambiguous("https's port", Raw.host(" api.example.com:443")),
    .ambiguous("an empty port", Raw.host(" api.example.com:")),
    .ambiguous("port 0", Raw.host(" api.example.com:0")),
    .ambiguous("a leading zero", Raw.host(" api.example.com:080")),
    .ambiguous("a port with a sign", Raw.host(" api.example.com:+80")),
    .ambiguous("a negative port", Raw.host(" api.example.com:-80")),
    .ambiguous("a port that wraps to 80", Raw.host(" api.example.com:65616")),
    .ambiguous("a port that wraps to 80 at 32 bits", Raw.host(" api.example.com:4294967376")),
    .ambiguous("two ports", Raw.host(" api.example.com:80:80")),
    .ambiguous("a port in hexadecimal", Raw.host(" api.example.com:0x50")),
    .ambiguous("letters for a port", Raw.host(" api.example.com:http")),
    .ambiguous("a space before the port", Raw.host(" api.example.com: 80")),
    .ambiguous("a space within the port", Raw.host(" api.example.com:8 0")),
    .ambiguous("a port and a path", Raw.host(" api.example.com:80/")),
    .ambiguous("a digit of the port that is no ASCII", Raw.host(" api.example.com:8\u{b2}")),
  ]

  private static let bytes: [RawInput] = [
    .ambiguous("percent-encoding", Raw.host(" %61pi.example.com")),
    .ambiguous("encoded NUL", Raw.host(" api.example.com%00.example.net")),
    .ambiguous("a path in Host", Raw.host(" api.example.com/")),
    .ambiguous("a query in Host", Raw.host(" api.example.com?")),
    .ambiguous("a fragment in Host", Raw.host(" api.example.com#")),
    .ambiguous("a backslash in Host", Raw.host(" api.example.com\\")),
    .ambiguous("a scheme in Host", Raw.host(" http://api.example.com")),
    .ambiguous("quotes in Host", Raw.host(" \"api.example.com\"")),
    .ambiguous("an asterisk in Host", Raw.host(" *.example.com")),
    .ambiguous("sub-delims in Host", Raw.host(" api.example.com&b=c")),
    .ambiguous("a label of 64 bytes", Raw.host(" \(Raw.repeating("a", 64)).example.com")),
    .ambiguous("a name of 300 bytes", Raw.host(" \(Raw.repeating("a.", 150))example.com")),
    .ambiguous("obs-text in Host", Raw.host(" \u{e4}pi.example.com")),
    .refused("NUL in Host", Raw.host(" api.example.com\u{0}.example.net")),
    .refused("a vertical tab before Host's value", Raw.host("\u{b}api.example.com")),
    .refused("a carriage return in Host", Raw.host(" api.example.com\r.example.net")),
    .ambiguous("an address without brackets", Raw.host(" 2001:db8::1")),
    .ambiguous("brackets that don't close", Raw.host(" [2001:db8::1")),
    .ambiguous("brackets around a name", Raw.host(" [api.example.com]")),
    .ambiguous("an address and no colon before the port", Raw.host(" [2001:db8::1]80")),
    .ambiguous("brackets around nothing that is an address", Raw.host(" [::::1.2]")),
  ]

  private static let unknown: [RawInput] = [
    .denied("a name that nothing allows", Raw.host(" other.example.net"), "host-not-allowed"),
    .denied("a name below one that is allowed", Raw.host(" a.api.example.com"), "host-not-allowed"),
    .denied("a name above one that is allowed", Raw.host(" example.com"), "host-not-allowed"),
    .denied("an address", Raw.host(" [2001:db8::1]"), "host-not-allowed"),
    .denied("an IPv4 address", Raw.host(" 192.0.2.1"), "host-not-allowed"),
    .denied("no Host in HTTP/1.0", "GET /h HTTP/1.0\r\n\r\n", "host-not-allowed").closing,
  ]
}
