import Addressing
import Foundation
import Policy
import Testing

@testable import DataPlane
@testable import Kernel

@Suite("What is added to a request")
struct AddedFieldsTests {
  static let own = "x-portarium-workspace-id: ws-test\r\n"

  static func policy(identityHeaders: Bool) -> Ruleset {
    Ruleset(
      rules: [
        Rule(name: "other", pattern: "10.0.0.1", matcher: .block(CIDR("10.0.0.1")!)),
        Rule(
          name: "loopback", pattern: "127.0.0.1", matcher: .block(CIDR("127.0.0.1")!),
          identityHeaders: identityHeaders),
      ], enforcementMode: .enforce)
  }

  /// The head that a server gets for a request; nil where the workload got `status` instead.
  func forwarded(
    _ request: String, identityHeaders: Bool, headBytes: Int = 65536
  ) throws -> (head: String?, answer: String, traceparent: String?) {
    var limits = DataPlaneSettings.Limits()
    limits.requestHeadBytes = headBytes
    let server = try Server()
    var loop = try Loop(limits: limits, policy: Self.policy(identityHeaders: identityHeaders))
    var client = try loop.connect(to: server.endpoint)
    client.send(request)
    var upstream = Peer(.none)
    var isThere = false
    loop.run {
      if !isThere, case .connection(let socket, _) = server.listener.accept() {
        upstream = Peer(socket)
        isThere = true
      }
      if isThere { upstream.read() }
      client.read()
      return upstream.text.hasSuffix("\r\n\r\n") || client.hasEnded
    }
    if isThere {
      upstream.send("HTTP/1.1 204 No Content\r\n\r\n")
      loop.run {
        client.read()
        return client.text.hasSuffix("\r\n\r\n")
      }
    }
    let record = try #require(try loop.records().first)
    return (
      isThere ? upstream.text : nil, client.text, record["traceparent"] as? String
    )
  }

  /// A request whose head has exactly `length` bytes.
  func request(length: Int, _ fields: String = "") -> String {
    let start = "GET / HTTP/1.1\r\nhost: a\r\n\(fields)x-pad: "
    return start + String(repeating: "p", count: length - start.utf8.count - 4) + "\r\n\r\n"
  }

  @Test("names the workspace where the rule says so, once, and never where it doesn't")
  func identity() throws {
    let forged = "GET / HTTP/1.1\r\nhost: a\r\nX-Portarium-Workspace-Id: ws-forged\r\n\r\n"
    let told = try #require(try forwarded(forged, identityHeaders: true).head)
    #expect(told.contains("\r\n" + Self.own))
    #expect(told.lowercased().components(separatedBy: "workspace-id").count == 2)
    #expect(!told.contains("forged"))
    let untold = try #require(try forwarded(forged, identityHeaders: false).head)
    #expect(!untold.lowercased().contains("x-portarium"))
  }

  @Test("fits the head's limit to the byte, or is left out where it may be")
  func traceContext() throws {
    // One line of 70 bytes for a new trace.
    let fits = try forwarded(
      request(length: 2000 - 70), identityHeaders: false, headBytes: 2000)
    #expect(fits.head?.utf8.count == 2000)
    #expect(fits.traceparent != nil)

    let full = request(length: 2000 - 69)
    let tooLong = try forwarded(full, identityHeaders: false, headBytes: 2000)
    #expect(tooLong.head == full)
    #expect(tooLong.traceparent == nil)
  }

  @Test("leaves the workload's own trace context as it came where there is no room")
  func ownTraceContext() throws {
    // Without its space: the line that would take its place is longer by a byte.
    let own = "TraceParent:00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
    let full = request(length: 2000, own)
    #expect(try forwarded(full, identityHeaders: false, headBytes: 2000).head == full)
    let fits = try forwarded(
      request(length: 1999, own), identityHeaders: false, headBytes: 2000)
    #expect(fits.head?.utf8.count == 2000)
    #expect(fits.head?.contains("b7ad6b7169203331") == false)
  }

  @Test("gives way to the workspace's name, without which nothing is sent")
  func identityComesFirst() throws {
    let own = Self.own.utf8.count
    let fits = request(length: 2000 - own)
    let told = try forwarded(fits, identityHeaders: true, headBytes: 2000)
    #expect(told.head == fits.dropLast(1) + Self.own + "\r\n")
    #expect(told.traceparent == nil)

    let full = try forwarded(
      request(length: 2001 - own), identityHeaders: true, headBytes: 2000)
    #expect(full.head == nil)
    #expect(full.answer.hasPrefix("HTTP/1.1 431 "))
    #expect(full.answer.contains("\r\nx-portarium-deny-reason: malformed-request\r\n"))
    #expect(full.answer.contains("\r\nconnection: close\r\n"))
  }
}
