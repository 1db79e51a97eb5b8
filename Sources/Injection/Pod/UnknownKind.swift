extension ManifestTree {
  /// Whether an object of a kind that isn't known describes containers, at any depth: those of a Rollout,
  /// a JobSet's jobs, a Task's steps, the objects of a Template.
  func holdsContainers(below index: Int) -> Bool {
    for (key, value) in entries(of: index) {
      let items = items(of: resolved(value))
      switch nodes[resolved(key)].text {
      case "containers", "initContainers":
        if items.contains(where: { isImage("image", in: $0) ?? isImage("name", in: $0) ?? false }) {
          return true
        }
      case "steps", "sidecars":
        if items.contains(where: { isImage("image", in: $0) ?? false }) { return true }
      case "container", "script":
        if isImage("image", in: value) ?? false { return true }
      default: break
      }
      if holdsContainers(below: value) { return true }
    }
    return items(of: index).contains { holdsContainers(below: $0) }
  }

  /// Not so what policies for containers write there, such as `!*:latest`; nil where there is nothing.
  private func isImage(_ key: String, in container: Int) -> Bool? {
    guard let text = string(key, in: container) else { return nil }
    return !text.utf8.contains(UInt8(ascii: "*")) && !text.hasPrefix("!")
  }
}
