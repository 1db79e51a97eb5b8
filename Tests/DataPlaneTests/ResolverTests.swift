import Addressing
import Kernel
import Synchronization
import Testing

@testable import DataPlane

@Suite("Looking names up")
struct ResolverTests {
  static let second = DataPlaneSettings.Limits.second
  let address = IPAddress("192.0.2.7")!

  /// Says how often it was asked, and answers once it may.
  final class Names: Sendable {
    let asked = Mutex<[String]>([])
    let mayAnswer = Atomic<Bool>(true)
    let changed: WakeUp

    init() throws { changed = try WakeUp() }

    func answer(_ name: HostName) -> Resolution {
      asked.withLock { $0.append(name.description) }
      while !mayAnswer.load(ordering: .acquiring) { changed.wait(milliseconds: 10) }
      return name.description.hasPrefix("no") ? .failed : .addresses([IPAddress("192.0.2.7")!])
    }

    var count: Int { asked.withLock { $0.count } }
  }

  func waiter(
    _ mailbox: Mailbox, _ index: UInt32 = 0, deadline: UInt64 = 60
  ) -> Resolver.Waiter {
    Resolver.Waiter(
      mailbox: mailbox, connection: ConnectionID(generation: 1, index: index), request: 7,
      deadline: Instant.now() + deadline * Self.second)
  }

  /// Waits until `count` answers have come, and returns them.
  func answers(_ mailbox: Mailbox, _ count: Int = 1) -> [Resolver.Answer] {
    var all: [Resolver.Answer] = []
    let deadline = Instant.now() + 10 * Self.second
    while all.count < count, Instant.now() < deadline {
      mailbox.wakeUp.wait(milliseconds: 100)
      all += mailbox.takeAnswers()
    }
    return all
  }

  @Test("An answer goes to who asked, and is known until its lifetime is over")
  func lifetime() throws {
    let names = try Names()
    let resolver = try Resolver(threads: 1, lookUp: names.answer)
    defer { resolver.close() }
    let mailbox = try Mailbox()
    for (text, lifetime) in [
      ("a.example.com", Resolver.positiveLifetime), ("no.example.com", Resolver.negativeLifetime),
    ] {
      let name = try HostName(text)
      let began = Instant.now()
      #expect(resolver.resolve(name, for: waiter(mailbox, 3), now: began) == nil)
      let answer = answers(mailbox).first
      #expect(answer?.connection.index == 3)
      #expect(answer?.request == 7)
      let expected = text.hasPrefix("no") ? Resolution.failed : .addresses([address])
      #expect(answer?.resolution == expected)
      let before = began + (lifetime - 1)
      #expect(resolver.resolve(name, for: waiter(mailbox), now: before) == expected)
      let after = Instant.now() + (lifetime + 1)
      #expect(resolver.resolve(name, for: waiter(mailbox), now: after) == nil)
      #expect(answers(mailbox).count == 1)
    }
    #expect(names.count == 4)
  }

  @Test("However many wait for a name, it is looked up once")
  func once() throws {
    let names = try Names()
    names.mayAnswer.store(false, ordering: .releasing)
    let resolver = try Resolver(threads: 2, lookUp: names.answer)
    defer { resolver.close() }
    let mailbox = try Mailbox()
    let name = try HostName("a.example.com")
    for index in 0..<100 {
      #expect(resolver.resolve(name, for: waiter(mailbox, UInt32(index)), now: .now()) == nil)
    }
    names.mayAnswer.store(true, ordering: .releasing)
    names.changed.signal()
    #expect(Set(answers(mailbox, 100).map(\.connection.index)).count == 100)
    #expect(names.count == 1)
  }

  @Test("A slow name holds up one thread; a name nobody waits for any more holds up none")
  func slow() throws {
    let names = try Names()
    names.mayAnswer.store(false, ordering: .releasing)
    let resolver = try Resolver(threads: 1, lookUp: names.answer)
    defer { resolver.close() }
    let mailbox = try Mailbox()
    #expect(resolver.resolve(try HostName("slow"), for: waiter(mailbox, 1), now: .now()) == nil)
    #expect(
      resolver.resolve(try HostName("late"), for: waiter(mailbox, 2, deadline: 0), now: .now())
        == nil)
    #expect(resolver.resolve(try HostName("next"), for: waiter(mailbox, 3), now: .now()) == nil)
    names.mayAnswer.store(true, ordering: .releasing)
    names.changed.signal()
    #expect(answers(mailbox, 2).map(\.connection.index) == [1, 3])
    #expect(names.asked.withLock { $0 } == ["slow", "next"])
  }

  @Test("More names than the queue holds fail at once")
  func flood() throws {
    let names = try Names()
    names.mayAnswer.store(false, ordering: .releasing)
    let resolver = try Resolver(threads: 1, lookUp: names.answer)
    defer { resolver.close() }
    let mailbox = try Mailbox()
    var refused = 0
    for index in 0..<(Resolver.queueLimit + 10) {
      let name = try HostName("n\(index).example.com")
      if resolver.resolve(name, for: waiter(mailbox), now: .now()) == .failed { refused += 1 }
    }
    // One may have been taken out of the queue already.
    #expect((9...10).contains(refused))
    names.mayAnswer.store(true, ordering: .releasing)
    names.changed.signal()
  }

  @Test("More who wait than may fail at once, and those whose time is over make room")
  func crowd() throws {
    let names = try Names()
    names.mayAnswer.store(false, ordering: .releasing)
    let resolver = try Resolver(threads: 1, lookUp: names.answer)
    defer { resolver.close() }
    let mailbox = try Mailbox()
    let (slow, next) = (try HostName("slow"), try HostName("next"))
    let now = Instant.now()
    for index in 0..<Resolver.waiterLimit {
      let name = index % 2 == 0 ? slow : next
      #expect(resolver.resolve(name, for: waiter(mailbox, UInt32(index)), now: now) == nil)
    }
    #expect(resolver.resolve(slow, for: waiter(mailbox), now: now) == .failed)
    #expect(resolver.resolve(try HostName("other"), for: waiter(mailbox), now: now) == .failed)
    let later = now + 120 * Self.second
    #expect(resolver.resolve(slow, for: waiter(mailbox, 7, deadline: 240), now: later) == nil)
    names.mayAnswer.store(true, ordering: .releasing)
    names.changed.signal()
    #expect(answers(mailbox).map(\.connection.index) == [7])
  }

  @Test("The system knows this host's own name")
  func system() throws {
    #expect(Resolver.askSystem(try HostName("localhost")) != .failed)
  }
}
