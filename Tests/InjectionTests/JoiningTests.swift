import Testing

@testable import Injection

@Suite struct JoiningTests {
  @Test(arguments: [
    ([], ""),
    (["a: 1\n"], "a: 1\n"),
    (["a: 1"], "a: 1"),
    (["a: 1", "b: 2"], "a: 1\n---\nb: 2"),
    (["a: 1\n", "---\nb: 2\n"], "a: 1\n---\nb: 2\n"),
    (["a: 1\n", "# c\n\n---\nb: 2\n"], "a: 1\n# c\n\n---\nb: 2\n"),
    (["a: 1\n", "# only a comment\n"], "a: 1\n# only a comment\n"),
    (["a: 1\n", "\u{feff}b: 2\n"], "a: 1\n---\nb: 2\n"),
    (["a: 1\r\n", "b: 2\r\n"], "a: 1\r\n---\nb: 2\r\n"),
    (["a: 1\n", "%YAML 1.1\n---\nb: 2\n"], "a: 1\n...\n%YAML 1.1\n---\nb: 2\n"),
    (["{\"a\": 1}", "{\"b\": 2}"], "{\"a\": 1}\n---\n{\"b\": 2}"),
  ])
  func `several manifests are one stream`(manifests: [String], expected: String) throws {
    let joined = Injection.joined(manifests.map { Array($0.utf8) })
    #expect(String(decoding: joined, as: UTF8.self) == expected)
    let count = try manifests.map { try Meaning.documents(Array($0.utf8)).count }.reduce(0, +)
    #expect(try Meaning.documents(joined).count == count)
  }
}
