/// Heads as clients and servers send them.
package enum Heads {
  /// As curl sends it.
  package static let curl = head(
    "GET /v1/status HTTP/1.1", ["Host: api.example.com", "User-Agent: curl/8.5.0", "Accept: */*"])

  /// As a service's client sends it, within a trace.
  package static let client = head(
    "POST /v1/repositories/portarium/issues?state=open HTTP/1.1",
    [
      "Host: api.example.com", "User-Agent: workload/1.4 (linux; x86_64)",
      "Accept: application/json", "Accept-Encoding: gzip, deflate",
      "Content-Type: application/json", "Content-Length: 312",
      "Authorization: Bearer \(String(repeating: "k", count: 180))",
      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "tracestate: congo=t61rcWkgMzE,rojo=00f067aa0ba902b7",
      "X-Request-Id: 2f1c7a90-7d3e-4a52-9c55-0b9f6f0d8e11",
    ])

  /// As a browser sends it: over a kilobyte in 23 fields.
  package static let browser = head(
    "GET /search/results?q=egress+sidecar&page=2&lang=en HTTP/1.1",
    [
      "Host: www.example.com", "Connection: keep-alive", "Cache-Control: max-age=0",
      "sec-ch-ua: \"Chromium\";v=\"126\", \"Not;A=Brand\";v=\"24\"", "sec-ch-ua-mobile: ?0",
      "sec-ch-ua-platform: \"Linux\"", "sec-ch-ua-arch: \"x86\"", "sec-ch-ua-bitness: \"64\"",
      "Upgrade-Insecure-Requests: 1",
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        + "Chrome/126.0.0.0 Safari/537.36",
      "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
        + "image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
      "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-User: ?1",
      "Sec-Fetch-Dest: document", "Referer: https://www.example.com/search?q=egress+sidecar",
      "Accept-Encoding: gzip, deflate, br, zstd", "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
      "Cookie: session=\(String(repeating: "s", count: 96)); consent=1; theme=dark",
      "If-None-Match: W/\"5f3e1c2a9b7d\"", "If-Modified-Since: Fri, 21 Nov 2026 08:00:00 GMT",
      "DNT: 1", "Sec-GPC: 1",
    ])

  /// As many fields and bytes as are taken.
  package static func largest(fields: Int, bytes: Int) -> [UInt8] {
    let start = "GET / HTTP/1.1"
    let host = "Host: api.example.com"
    let names = (1..<fields).map { "X-Field-\($0): " }
    // Each line has its CRLF, and the head an empty line.
    let framing = (names + [start, host]).reduce(2) { $0 + $1.utf8.count + 2 }
    let (each, rest) = (bytes - framing).quotientAndRemainder(dividingBy: names.count)
    let lines = names.enumerated().map { index, name in
      name + String(repeating: "v", count: each + (index == 0 ? rest : 0))
    }
    return head(start, [host] + lines)
  }

  /// As nginx answers.
  package static let answer = head(
    "HTTP/1.1 200 OK",
    [
      "Server: nginx/1.22.1", "Date: Sat, 21 Nov 2026 08:00:00 GMT", "Content-Type: text/plain",
      "Content-Length: 1024", "Connection: keep-alive",
    ])

  /// As an API behind a content delivery network answers, in chunks.
  package static let longAnswer = head(
    "HTTP/1.1 200 OK",
    [
      "Server: cloudfront", "Date: Sat, 21 Nov 2026 08:00:00 GMT",
      "Content-Type: application/json; charset=utf-8", "Transfer-Encoding: chunked",
      "Connection: keep-alive", "Cache-Control: private, max-age=60, s-maxage=60",
      "Vary: Accept, Authorization, Cookie, Accept-Encoding, X-Requested-With",
      "ETag: W/\"9c1a6d0f6e7c2b4a5d8e9f0a1b2c3d4e\"",
      "X-RateLimit-Limit: 5000", "X-RateLimit-Remaining: 4987", "X-RateLimit-Reset: 1795248000",
      "X-RateLimit-Used: 13", "X-RateLimit-Resource: core",
      "Access-Control-Allow-Origin: *",
      "Access-Control-Expose-Headers: ETag, Link, Location, Retry-After, X-RateLimit-Limit",
      "Strict-Transport-Security: max-age=31536000; includeSubdomains; preload",
      "X-Frame-Options: deny", "X-Content-Type-Options: nosniff", "X-XSS-Protection: 0",
      "Referrer-Policy: origin-when-cross-origin, strict-origin-when-cross-origin",
      "Content-Security-Policy: default-src 'none'", "Content-Encoding: gzip",
      "X-Request-Id: 2f1c:7a90:7d3e:4a52:9c550b9f", "Via: 1.1 varnish, 1.1 cloudfront",
    ])

  private static func head(_ start: String, _ fields: [String]) -> [UInt8] {
    Array(([start] + fields + ["", ""]).joined(separator: "\r\n").utf8)
  }
}
