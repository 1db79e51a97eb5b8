internal import Kernel

/// A flat JSON object, which is appended to a file as a line.
package struct JSONLine {
  private var members: [String] = []

  package init() {}

  /// - Parameter text: holds nothing that JSON would escape.
  package mutating func add(_ name: String, _ text: String) {
    members.append("\"\(name)\":\"\(text)\"")
  }

  package mutating func add(_ name: String, _ number: some BinaryInteger) {
    members.append("\"\(name)\":\(number)")
  }

  package mutating func add(_ name: String, _ number: Double) {
    members.append("\"\(name)\":\(number)")
  }

  package func append(to path: String) throws {
    let file = try Descriptor.appending(to: path)
    let line = Array("{\(members.joined(separator: ","))}\n".utf8)
    guard case .bytes(line.count) = file.write(line.span) else { throw Incomplete() }
  }

  private struct Incomplete: Error {}
}
