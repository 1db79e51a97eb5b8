import Addressing
import Configuration
import TestNetwork

extension NetworkNamespace {
  /// Makes the interfaces that a document names and that aren't here, with an address of each
  /// family: `apply` refuses documents that name others.
  func provideInterfaces(of document: String) throws {
    try provideInterfaces(
      of: Document.parse(Array(document.utf8), file: "document").document.capture)
  }

  func provideInterfaces(of capture: Configuration.Capture) throws {
    let named =
      capture.interfaces.exclude + capture.interfaces.treatAsOutbound
      + (capture.gateway?.interfaces ?? [])
    for pattern in named where !pattern.isPrefix {
      guard try !run(["ip", "link", "show", pattern.name]).succeeded else { continue }
      try ip("link", "add", pattern.name, "type", "veth", "peer", "name", "p\(pattern.name)")
      try ip("link", "set", pattern.name, "up")
      try addAddress("198.51.100.77/32", to: pattern.name)
      try addAddress("2001:db8:77::77/128", to: pattern.name)
    }
  }
}
