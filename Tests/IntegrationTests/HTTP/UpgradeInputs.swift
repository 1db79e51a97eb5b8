/// Another protocol on the same connection (RFC 9110 §7.8): WebSocket alone may be asked for.
enum UpgradeInputs {
  static let all = removed + kept + preface

  /// What is asked for, and what is left of it.
  private static func cut(_ description: String, _ fields: String, _ left: String = "") -> RawInput
  {
    RawInput(
      description,
      [.passes(Raw.get("/u", fields), as: Raw.get("/u", left)), .passes(Raw.get("/behind"))])
  }

  private static let removed: [RawInput] = [
    cut(
      "h2c as RFC 7540 §3.2 has it",
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__"),
    cut("h2c in other letters", "connection: UPGRADE\r\nupgrade: H2C"),
    cut("h2c that Connection does not name", "Upgrade: h2c"),
    cut("h2c without settings", "Connection: Upgrade\r\nUpgrade: h2c"),
    cut("settings without an upgrade", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    cut(
      "settings beside WebSocket",
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: websocket\r\nHTTP2-Settings: AAMAAABk"),
    cut("h2c before WebSocket", "Connection: Upgrade\r\nUpgrade: h2c, websocket"),
    cut("h2c behind WebSocket", "Connection: Upgrade\r\nUpgrade: websocket, h2c"),
    cut("h2c in a second field", "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c"),
    cut(
      "h2c beside options that stay", "Connection: x-a, Upgrade, x-b\r\nA: b\r\nUpgrade: h2c",
      "Connection: x-a, x-b\r\nA: b"),
    cut(
      "h2c before options that stay", "Connection: Upgrade, x-b\r\nUpgrade: h2c",
      "Connection: x-b"),
    cut(
      "h2c behind options that stay", "Connection: x-a, Upgrade\r\nUpgrade: h2c",
      "Connection: x-a"),
    cut("h2", "Connection: Upgrade\r\nUpgrade: h2"),
    cut("an upgrade to HTTP/2.0", "Connection: Upgrade\r\nUpgrade: HTTP/2.0"),
    cut("TLS within HTTP (RFC 2817)", "Connection: Upgrade\r\nUpgrade: TLS/1.0"),
    cut("a protocol that nobody knows", "Connection: Upgrade\r\nUpgrade: x"),
    cut("WebSocket with a version", "Connection: Upgrade\r\nUpgrade: websocket/13"),
    cut("an empty Upgrade", "Connection: Upgrade\r\nUpgrade:"),
    cut(
      "h2c beside claims", "X-Portarium-A: b\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nC: d", "C: d"
    ),
  ]

  private static let kept: [RawInput] = [
    RawInput(
      "a WebSocket that the server doesn't speak",
      [
        .passes(
          Raw.get(
            "/u",
            "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13")),
        .denied(Raw.head("DELETE /behind HTTP/1.1"), "method-not-allowed"),
        .passes(Raw.get("/behind")),
      ]),
    .passes("Connection: upgrade to nothing", Raw.get("/u", "Connection: upgrade")),
    .passes("a WebSocket in HTTP/1.0", Raw.head("GET /u HTTP/1.0", "Upgrade: websocket")).closing,
    .passes(
      "a field that only looks like Upgrade", Raw.get("/u", "Upgrades: h2c\r\nX-Upgrade: h2c")),
    .passes("Upgrade-Insecure-Requests", Raw.get("/u", "Upgrade-Insecure-Requests: 1")),
  ]

  /// HTTP/2 with prior knowledge (RFC 9113 §3.4) behind a request is no request at all.
  private static let preface: [RawInput] = [
    .http2("HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0"),
    .http2("HTTP/2's preface and an HTTP/1 request", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    .http2("HTTP/2's preface with fields", Raw.head("PRI * HTTP/2.0")),
    RawInput(
      "HTTP/2's preface behind a request",
      [
        .passes(Raw.get("/u")),
        .refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u{0}\u{0}\u{0}\u{4}\u{0}"),
      ]),
    RawInput(
      "TLS behind a request", [.passes(Raw.get("/u")), .refused("\u{16}\u{3}\u{1}\u{0}\u{5}")]),
  ]
}
