internal import Configuration

/// How the pair is added.
package struct InjectionOptions: Sendable {
  /// As an init container that stays (Kubernetes 1.29), instead of beside the workload.
  package var nativeSidecar = false
  /// What would weaken the capture is refused instead of warned of.
  package var strict = false
  package var initImage = "portarium.io/portarium-init:\(Release.version)"
  package var sidecarImage = "portarium.io/portarium-sidecar:\(Release.version)"
  package var imagePullPolicy: ImagePullPolicy?
  /// The name of the ConfigMap that holds the document.
  package var configMap = "portarium"

  package init() {}

  package enum ImagePullPolicy: String, CaseIterable, Sendable {
    case always = "Always"
    case ifNotPresent = "IfNotPresent"
    case never = "Never"
  }

  /// Whether a text can be the name of an image; its registry knows whether it is one.
  package static func isImage(_ text: String) -> Bool {
    (1...512).contains(text.utf8.count)
      && text.utf8.allSatisfy { isLetterOrDigit($0) || "._/:@-".utf8.contains($0) }
  }

  /// RFC 1123's subdomains, as Kubernetes names objects.
  package static func isObjectName(_ text: String) -> Bool {
    guard (1...253).contains(text.utf8.count) else { return false }
    return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      .allSatisfy { label in
        guard let first = label.first, let last = label.last else { return false }
        return first != UInt8(ascii: "-") && last != UInt8(ascii: "-")
          && label.allSatisfy {
            isLetterOrDigit($0) && !(0x41...0x5a).contains($0) || $0 == UInt8(ascii: "-")
          }
      }
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
  }
}
