import Configuration
import SeededRandom
import Testing

@testable import Injection

@Suite struct LayoutTests {
  /// One manifest each; what is wrong with one is found again by its seed.
  @Test(arguments: 0..<400)
  func `what is added doesn't depend on the layout`(seed: Int) throws {
    let manifest = RandomManifest.text(seed: UInt64(seed))
    let mode = seed.isMultiple(of: 2) ? Mode.classic : .native
    do {
      try expectWhole(Array(manifest.utf8), mode)
    } catch let failure as Injection.Failure {
      Issue.record("\(failure.errors.map(\.description)) of\n\(manifest)")
    }
  }

  /// Slips of the keyboard: a manifest is refused, or comes out whole.
  @Test(arguments: ManifestFixtures.names)
  func `whatever is written, nothing is lost`(name: String) throws {
    var random = SeededGenerator(seed: 7)
    let manifest = try ManifestFixtures.bytes(name)
    let typed = Array(":-#{}[]&*!|>'\"%@`, \t\n\r?~<".utf8) + [0xc3, 0xa9, 0x00]
    for _ in 0..<40 {
      var changed = manifest
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<changed.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: changed.insert(typed.randomElement(using: &random)!, at: place)
        case 1: changed[place] = typed.randomElement(using: &random)!
        case 2:
          let end = min(changed.count, place + Int.random(in: 1...20, using: &random))
          changed.removeSubrange(place..<end)
        default:
          let end = min(changed.count, place + Int.random(in: 1...60, using: &random))
          changed.insert(contentsOf: changed[place..<end], at: place)
        }
      }
      guard let result = try? inject(changed) else { continue }
      let text = "\(String(decoding: changed, as: UTF8.self))"
      #expect(try remove(result) == changed, "\(text)")
      #expect(try inject(result) == result, "\(text)")
    }
  }
}
