import NIOHPACK
import Testing

@testable import ControlPlane

@Suite("The status of a gRPC call")
struct GRPCStatusTests {
  @Test(arguments: [
    ("0", GRPCStatus.Code.ok), ("3", .invalidArgument), ("7", .permissionDenied),
    ("12", .unimplemented), ("14", .unavailable), ("16", .unauthenticated),
    ("17", .unknown), ("-1", .unknown), ("", .unknown), ("seven", .unknown),
  ])
  func isReadFromTrailers(_ text: String, _ code: GRPCStatus.Code) {
    #expect(GRPCStatus(trailers: ["grpc-status": text]).code == code)
  }

  @Test func `is unknown where nobody says it`() {
    #expect(GRPCStatus(trailers: [:]).code == .unknown)
  }

  @Test(arguments: [
    ("no%20identity", "no identity"), ("50%25", "50%"), ("%E2%82%AC", "€"), ("%", "%"),
    ("%4", "%4"), ("%zz", "%zz"), ("a%0Ab%1B%5B31m", "a b [31m"), ("%FF", "\u{fffd}"),
    ("%E2%80%AE", " "), ("", ""),
  ])
  func hasAMessageForPeople(_ encoded: String, _ message: String) {
    let status = GRPCStatus(trailers: ["grpc-status": "7", "grpc-message": encoded])
    #expect(status.message == message)
  }

  @Test func `has a message that is cut`() {
    let text = String(repeating: "x", count: 100_000)
    let status = GRPCStatus(trailers: ["grpc-status": "7", "grpc-message": text])
    #expect(status.message.count == GRPCStatus.longestMessage)
  }

  @Test(arguments: [
    ("400", GRPCStatus.Code.internal), ("401", .unauthenticated), ("403", .permissionDenied),
    ("404", .unimplemented), ("429", .unavailable), ("503", .unavailable), ("200", .unknown),
    ("500", .unknown), ("999", .unknown),
  ])
  func comesFromHTTPWhereTheAnswerIsNotGRPCs(_ status: String, _ code: GRPCStatus.Code) {
    #expect(GRPCStatus(head: [":status": status, "content-type": "text/html"])?.code == code)
  }

  @Test(arguments: ["application/grpc", "application/grpc+proto", "Application/gRPC;x=y"])
  func isNotInTheHeadOfAGRPCAnswer(_ type: String) {
    #expect(GRPCStatus(head: [":status": "200", "content-type": type]) == nil)
  }
}
