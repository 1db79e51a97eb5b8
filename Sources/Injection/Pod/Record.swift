internal import Configuration

/// What inject added to one pod beside the pair: the value of the annotation by which `--remove` finds
/// it again, also where another program has written the manifest anew.
///
/// The version, then what was new, each as one word: a key of the pod, or a container's name with a key
/// of its security context. `0.1.0 initContainers volumes web/securityContext worker/capabilities`.
struct Record: Equatable {
  /// Keys that weren't there.
  enum PodKey: String, CaseIterable {
    case metadata, annotations, initContainers, volumes
    /// The annotation of this name.
    case defaultContainer = "default-container"
  }

  enum ContainerKey: String, CaseIterable {
    /// With all that is in it.
    case securityContext
    case allowPrivilegeEscalation
    /// With `drop` in it.
    case capabilities
    case drop
  }

  var version = Release.version
  var podKeys: [PodKey] = []
  var containerKeys: [(container: String, key: ContainerKey)] = []

  init() {}

  /// Nil where the text is none that inject writes.
  init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    version = String(words[0])
    for word in words.dropFirst() {
      if let key = PodKey(rawValue: String(word)) {
        podKeys.append(key)
        continue
      }
      let parts = word.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, let key = ContainerKey(rawValue: String(parts[1]))
      else { return nil }
      containerKeys.append((String(parts[0]), key))
    }
    guard !version.isEmpty, text == self.text else { return nil }
  }

  var text: String {
    ([version] + podKeys.map(\.rawValue)
      + containerKeys.map { "\($0.container)/\($0.key.rawValue)" })
      .joined(separator: " ")
  }

  func created(_ key: PodKey) -> Bool { podKeys.contains(key) }

  static func == (a: Record, b: Record) -> Bool { a.text == b.text }
}
