import Wire

/// A request that asks for a proxy, as its server gets it (RFC 9112 §3.2.1): the same request with
/// its target in origin-form and nothing left that was meant for the proxy.
func checkForwardedAsProxy(
  _ head: RequestHead, _ bytes: [UInt8], _ lenient: LenientHead
) throws(Violation) {
  guard let form = head.originForm(in: bytes.span) else {
    return try require(head.targetForm != .absolute, "an absolute target without another form")
  }
  let authority = Array(bytes[form.authority.indices])
  var forwarded = Array(bytes[..<Int(head.target.lower)])
  switch form.prefix {
  case .none: break
  case .slash: forwarded.append(UInt8(ascii: "/"))
  case .asterisk: forwarded.append(UInt8(ascii: "*"))
  }
  RequestRewrite.forEachPiece(
    of: head, replacingTraceContext: false, asProxy: true, from: form.rest
  ) { forwarded += bytes[$0.indices] }
  if !head.hasHost { forwarded += Array("host: ".utf8) + authority + [13, 10] }
  forwarded += [13, 10]

  let limits = HeadLimits(maximumBytes: 131072, maximumFields: 256)
  let verdict = requestVerdict(forwarded, limits: limits)
  guard case .found(let again) = verdict, let read = LenientHead(forwarded) else {
    throw Violation(description: "to its server it reads as \(verdict)")
  }
  func text(_ bytes: [UInt8], _ range: ByteRange) -> [UInt8] { Array(bytes[range.indices]) }
  try require(again.length == forwarded.count, "bytes behind the forwarded head")
  try require(text(forwarded, again.method) == text(bytes, head.method), "another method")
  try require(
    text(forwarded, again.host).map(LenientHead.lowercased)
      == text(bytes, head.host).map(LenientHead.lowercased), "another host")
  try require(again.hostIsBracketed == head.hostIsBracketed, "other brackets")
  let implied: UInt16 = head.targetIsHTTPS ? 443 : 80
  try require(again.port ?? implied == head.port ?? implied, "another port")
  try require(again.framing == head.framing, "another framing")
  try require(again.isUpgrade == head.isUpgrade, "another upgrade")
  try checkTarget(again, forwarded, of: head, bytes)
  for name in ["proxy-connection", "proxy-authorization"] {
    try require(read.values(of: name).isEmpty, "\(name) is sent")
  }
  try require(!read.lines.contains { isReserved($0.name) }, "a field under x-portarium- is sent")
}

/// Path and query are what they were; none at all is `/`, or `*` where OPTIONS asks about the server.
private func checkTarget(
  _ again: RequestHead, _ forwarded: [UInt8], of head: RequestHead, _ bytes: [UInt8]
) throws(Violation) {
  let query = Array(bytes[Int(head.path.upper)..<Int(head.target.upper)])
  let path = Array(bytes[head.path.indices])
  let isOptions = Array(bytes[head.method.indices]) == Array("OPTIONS".utf8)
  let expected =
    path.isEmpty ? Array((isOptions && query.isEmpty ? "*" : "/").utf8) : path
  try require(again.targetForm == (expected == [0x2a] ? .asterisk : .origin), "another form")
  try require(
    Array(forwarded[again.target.indices]) == expected + query, "another target for the server")
}
