import Foundation
import TestNetwork
import Testing

/// A pod whose sidecar reads its document from a volume, mounted as Kubernetes mounts a ConfigMap,
/// in which the test changes it.
final class ReloadScene {
  let proxy: ProxyScene
  let volume: Volume
  private let limits: String
  /// The longest time that a document was half written.
  private(set) var longestWrite = Duration.zero

  /// - Parameter limits: what goes into `limits: {…}`.
  init(_ allowlist: String, top: String = "", egress: String = "", limits: String = "") throws {
    self.limits = limits
    proxy = try ProxyScene(allowlist: "")
    volume = try Volume()
    try volume.swap(Self.document(allowlist, top: top, egress: egress, limits: limits))
    try proxy.restart(reading: volume.path("config.yaml"))
  }

  static func document(
    _ allowlist: String, top: String = "", egress: String = "", limits: String = ""
  ) -> String {
    """
    workspaceId: ws-test
    workers: 1
    \(top)
    egress:
      \(egress)
      allowlist: [\(allowlist.split(separator: "\n").joined(separator: ", "))]
    limits: {\(limits)}
    capture: {resolvers: [10.77.2.53]}

    """
  }

  func document(_ allowlist: String, top: String = "", egress: String = "") -> String {
    Self.document(allowlist, top: top, egress: egress, limits: limits)
  }

  /// How a document takes another's place.
  enum Way: String, CaseIterable, CustomTestStringConvertible {
    case swapped, renamed, inPlace, signalled

    var testDescription: String { rawValue }
  }

  /// Changes the document and doesn't wait for anything.
  func put(_ document: String, _ way: Way) throws {
    switch way {
    case .swapped:
      try volume.swap(document)
    case .renamed:
      try volume.write("..data/next", document)
      try volume.rename("..data/next", "..data/config.yaml")
    case .inPlace, .signalled:
      let middle = document.index(document.startIndex, offsetBy: document.count / 2)
      let began = ContinuousClock.now
      try volume.write(
        "config.yaml", [String(document[..<middle]), String(document[middle...])])
      longestWrite = max(longestWrite, ContinuousClock.now - began)
      if way == .signalled { proxy.sidecar.process.signal(SIGHUP) }
    }
  }

  /// Changes the document and waits until the sidecar says what came of it.
  func change(_ document: String, _ way: Way, expecting message: Message) throws {
    let before = count(message)
    try put(document, way)
    try wait(for: message, moreThan: before)
  }

  enum Message: String {
    case tookEffect = "the configuration took effect"
    case changedNothing = "the configuration changed nothing"
  }

  /// How often the sidecar has said so.
  func count(_ message: Message) -> Int {
    proxy.sidecar.process.errors.components(separatedBy: message.rawValue).count - 1
  }

  func wait(for message: Message, moreThan count: Int) throws {
    try proxy.sidecar.process.wait(for: message.rawValue) { _ in
      self.count(message) > count ? () : nil
    }
  }
}
