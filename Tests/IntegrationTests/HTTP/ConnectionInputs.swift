/// When a connection is used again (RFC 9112 §9.3), and what Connection may name (RFC 9110 §7.6.1).
enum ConnectionInputs {
  static let all = closing + keeping + naming

  private static let closing: [RawInput] = [
    .passes("Connection: close", Raw.get("/c", "Connection: close")).closing,
    .passes("close in capitals", Raw.get("/c", "connection: CLOSE")).closing,
    .passes("close among others", Raw.get("/c", "Connection: a, ,close ,b")).closing,
    .passes("close in a second field", Raw.get("/c", "Connection: a\r\nConnection: close")).closing,
    .passes("close before keep-alive", Raw.get("/c", "Connection: close, keep-alive")).closing,
    .passes("keep-alive before close", Raw.get("/c", "Connection: keep-alive, close")).closing,
    .passes(
      "close behind a body", Raw.post("Connection: close\r\nContent-Length: 5", "hello")
    ).closing,
    .passes(
      "close behind a chunked body",
      Raw.post("Connection: close\r\nTransfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n")
    ).closing,
    .passes("HTTP/1.0", Raw.head("GET /c HTTP/1.0")).closing,
    .passes("HTTP/1.0 with close", Raw.head("GET /c HTTP/1.0", "Connection: close")).closing,
    .passes(
      "HTTP/1.0 with Proxy-Connection", Raw.head("GET /c HTTP/1.0", "Proxy-Connection: keep-alive")
    ).closing,
    .passes(
      "HTTP/1.0 with a body", Raw.head("POST /c HTTP/1.0", "Content-Length: 5") + "hello"
    ).closing,
    .passes("HTTP/1.0 without Host", "GET /c HTTP/1.0\r\n\r\n").addressed.closing,
    .denied(
      "HTTP/1.0 that nothing allows", Raw.head("DELETE /c HTTP/1.0"), "method-not-allowed"
    ).closing,
    .denied(
      "close to what nothing allows", Raw.head("DELETE /c HTTP/1.1", "Connection: close"),
      "method-not-allowed"
    ).closing,
    .denied(
      "an expected body to what nothing allows",
      Raw.head("DELETE /c HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 4"),
      "method-not-allowed"
    ).closing,
    .denied(
      "a body expected in a list",
      Raw.head("DELETE /c HTTP/1.1", "Expect: a, 100-continue\r\nContent-Length: 4"),
      "method-not-allowed"
    ).closing,
  ]

  private static let keeping: [RawInput] = [
    RawInput(
      "HTTP/1.0 with keep-alive",
      [
        .passes(Raw.head("GET /c HTTP/1.0", "Connection: Keep-Alive")),
        .passes(Raw.head("GET /d HTTP/1.0", "Connection: keep-alive")),
        .passes(Raw.head("GET /e HTTP/1.0")).last,
      ]),
    RawInput(
      "HTTP/1.0 and 1.1 in turn",
      [
        .passes(Raw.head("GET /c HTTP/1.0", "Connection: Keep-Alive")),
        .passes(Raw.get("/d")),
        .passes(Raw.head("GET /e HTTP/1.0")).last,
      ]),
    RawInput(
      "options that only look like close",
      [
        .passes(Raw.get("/c", "Connection: closed, not-close, \"close\"")),
        .passes(Raw.get("/d", "Connection: x-close")),
      ]),
    RawInput(
      "an empty Connection",
      [.passes(Raw.get("/c", "Connection:")), .passes(Raw.get("/d", "Connection: ,,"))]),
    RawInput(
      "Keep-Alive and what it says",
      [.passes(Raw.get("/c", "Keep-Alive: timeout=1, max=1")), .passes(Raw.get("/d"))]),
    RawInput(
      "Proxy-Connection: close means nothing",
      [.passes(Raw.get("/c", "Proxy-Connection: close")), .passes(Raw.get("/d"))]),
  ]

  /// What Connection names is lost at the next hop, and with it what we judged, or said.
  private static let naming: [RawInput] = [
    .refused("Connection names Host", Raw.get("/c", "Connection: host")),
    .refused(
      "Connection names Content-Length",
      Raw.post("Connection: content-length\r\nContent-Length: 5", "hello")),
    .refused(
      "Connection names Transfer-Encoding",
      Raw.post("Connection: close, Transfer-Encoding\r\nTransfer-Encoding: chunked", "0\r\n\r\n")),
    .refused(
      "Connection names Host in a second field",
      Raw.get("/c", "Connection: close\r\nConnection: HOST")),
    .refused("Connection names a claim", Raw.get("/c", "Connection: X-Portarium-Workspace-Id")),
    .refused(
      "Connection names a claim, otherwise spelt",
      Raw.get("/c", "Connection: close, x_portarium_workspace_id")),
    .passes(
      "Connection names another field", Raw.get("/c", "Connection: x-hop\r\nX-Hop: a")),
  ]
}
