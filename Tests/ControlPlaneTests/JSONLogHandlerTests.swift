import ControlPlane
import Foundation
import Logging
import Testing

@Suite("A log line")
struct JSONLogHandlerTests {
  @Test("carries time, level, label, message, error and metadata")
  func everything() throws {
    let lines = LogLines()
    var logger = lines.logger()
    logger[metadataKey: "worker"] = "3"
    logger.warning(
      "it \"happened\"\n", error: Failure(),
      metadata: ["list": ["a", "b"], "nested": ["b": "2", "a": "1"], "n": .stringConvertible(7)])
    #expect(
      lines.all == [
        """
        {"timestamp":"2026-11-21T07:00:00.000000000Z","level":"warning","label":"test",\
        "message":"it \\"happened\\"\\n","error":"Failure()",\
        "metadata":{"list":["a","b"],"n":"7","nested":{"a":"1","b":"2"},"worker":"3"}}

        """
      ])
  }

  @Test("leaves out what there is none of, and events below the level")
  func plain() throws {
    let lines = LogLines()
    let logger = lines.logger()
    logger.debug("not this")
    logger.info("this")
    #expect(
      lines.all == [
        """
        {"timestamp":"2026-11-21T07:00:00.000000000Z","level":"info","label":"test",\
        "message":"this"}

        """
      ])
  }

  @Test("keeps metadata and level to the logger they were set on")
  func valueSemantics() {
    let lines = LogLines()
    var first = lines.logger()
    first.logLevel = .debug
    first[metadataKey: "only-on"] = "first"
    var second = first
    second.logLevel = .error
    second[metadataKey: "only-on"] = "second"
    #expect(first.logLevel == .debug)
    #expect(second.logLevel == .error)
    #expect(first[metadataKey: "only-on"] == "first")
    #expect(second[metadataKey: "only-on"] == "second")
  }

  @Test("prefers the event's metadata to the provider's, and that to the logger's")
  func precedence() {
    let lines = LogLines()
    var handler = lines.handler()
    handler.metadataProvider = Logger.MetadataProvider { ["a": "provider", "b": "provider"] }
    handler.metadata = ["a": "logger", "b": "logger", "c": "logger"]
    Logger(label: "test", factory: { _ in handler }).info("x", metadata: ["a": "event"])
    #expect(
      lines.all.first?.hasSuffix(
        "\"metadata\":{\"a\":\"event\",\"b\":\"provider\",\"c\":\"logger\"}}\n") == true)
  }

  @Test("obey a level that changes while loggers live, unless they have their own")
  func sharedLevel() {
    let lines = LogLines()
    let level = LogLevel(.warning)
    let logger = lines.logger(level: level)
    var own = logger
    own.logLevel = .error
    logger.info("too little")
    level.current = .debug
    logger.debug("wanted now")
    own.warning("its own level holds")
    level.current = .critical
    logger.error("too little again")
    #expect(lines.all.count == 1)
    #expect(lines.all.first?.contains("wanted now") == true)
  }
}

private struct Failure: Error {}
