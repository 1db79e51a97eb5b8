internal import Glibc
import WireProperties

/// The property that `PORTARIUM_FUZZ` names: one program serves all targets.
private let property: WireProperty = {
  // getenv's string, where there is one, ends with a zero byte; nothing changes the environment.
  let name = unsafe getenv("PORTARIUM_FUZZ").map { unsafe String(cString: $0) }
  guard let name, let property = WireProperty(rawValue: name) else {
    fatalError("PORTARIUM_FUZZ is none of \(WireProperty.allCases.map(\.rawValue))")
  }
  return property
}()

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // libFuzzer's `count` bytes, which it keeps until this returns.
  let input = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  if let violation = property.violation(in: input) {
    fatalError("\(property.rawValue): \(violation)")
  }
  return 0
}
