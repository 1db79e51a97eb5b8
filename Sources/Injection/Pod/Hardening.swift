/// Adds to the workload's containers what the capture relies on: no capabilities, and no gain of
/// privileges by setuid files. What a container says itself stays.
struct Hardening {
  let tree: ManifestTree
  /// Containers, security contexts and capabilities that get new keys.
  private var extended: [Int: [Record.ContainerKey]] = [:]
  /// What would have to be extended but is shared by an anchor: whether it is extended where it stands
  /// is known at the end.
  private var shared: [Shared] = []

  private struct Shared {
    let pod: Int
    let container: Container
    let node: Int
    /// Where the container refers to it.
    let place: Int
  }

  init(_ tree: ManifestTree) { self.tree = tree }

  private static let escalation = "allowPrivilegeEscalation: false\n"
  private static let drop = "drop: [ALL]\n"
  private static let capabilities = "capabilities: {drop: [ALL]}\n"
  private static let context = """
    securityContext:
      allowPrivilegeEscalation: false
      capabilities: {drop: [ALL]}

    """

  /// Adds to one container.
  ///
  /// - Parameter pod: by which `complete` names the container's pod.
  /// - Returns: the keys that were added.
  mutating func harden(
    _ container: Container, of pod: Int, _ placing: inout Placing, _ report: inout Report
  ) -> [Record.ContainerKey] {
    let isOwn = tree[container.item].kind != .alias
    guard let found = tree.find("securityContext", in: container.mapping) else {
      guard isOwn else {
        shared.append(
          Shared(pod: pod, container: container, node: container.mapping, place: container.item))
        return []
      }
      extended[container.mapping] = [.securityContext]
      place(Self.context, in: container.item, container, &placing, &report)
      return [.securityContext]
    }
    let context = tree.resolved(found.value)
    if tree.isTrue("privileged", in: context) { return [] }
    let missing = missing(in: context)
    guard isOwn, !found.isMerged, tree[found.value].kind != .alias else {
      let place = found.isMerged || !isOwn ? container.item : found.value
      if !missing.isEmpty {
        shared.append(Shared(pod: pod, container: container, node: context, place: place))
      }
      if let bare = bareCapabilities(of: context) {
        let node = tree.resolved(bare.value)
        shared.append(Shared(pod: pod, container: container, node: node, place: place))
      }
      return []
    }
    if !missing.isEmpty {
      extended[context] = missing
      let text =
        (missing.contains(.allowPrivilegeEscalation) ? Self.escalation : "")
        + (missing.contains(.capabilities) ? Self.capabilities : "")
      place(text, in: context, key: found.key, container, &placing, &report)
    }
    guard let bare = bareCapabilities(of: context) else { return missing }
    guard !bare.isMerged, tree[bare.value].kind != .alias else {
      let node = tree.resolved(bare.value)
      shared.append(Shared(pod: pod, container: container, node: node, place: bare.value))
      return missing
    }
    extended[bare.value] = [.drop]
    place(Self.drop, in: bare.value, key: bare.key, container, &placing, &report)
    return missing + [.drop]
  }

  /// Passes on which keys containers got by what they share with others, and says which of them got
  /// none.
  func complete(
    _ report: inout Report, _ body: (_ pod: Int, _ container: String, Record.ContainerKey) -> Void
  ) {
    for shared in shared {
      guard let keys = extended[shared.node] else {
        report.error(
          "\(shared.container.title): allowPrivilegeEscalation: false and capabilities: {drop: [ALL]} "
            + "can't be added to what an anchor shares; add them in line "
            + "\(report.line(of: shared.node, in: tree))", at: shared.place, in: tree)
        continue
      }
      for key in keys { body(shared.pod, shared.container.name, key) }
    }
  }

  /// What a security context doesn't speak of.
  private func missing(in context: Int) -> [Record.ContainerKey] {
    var missing: [Record.ContainerKey] = []
    // An API server refuses `false` beside this spelling.
    let needsEscalation = tree.list("add", in: tree.value("capabilities", in: context)).contains {
      tree[tree.resolved($0)].text == "CAP_SYS_ADMIN"
    }
    if !needsEscalation, tree.find("allowPrivilegeEscalation", in: context) == nil {
      missing.append(.allowPrivilegeEscalation)
    }
    if tree.find("capabilities", in: context) == nil { missing.append(.capabilities) }
    return missing
  }

  /// Capabilities that don't speak of `drop`.
  private func bareCapabilities(of context: Int) -> ManifestTree.Found? {
    guard let found = tree.find("capabilities", in: context),
      tree.find("drop", in: found.value) == nil
    else { return nil }
    return found
  }

  private func place(
    _ text: String, in node: Int, key: Int? = nil, _ container: Container,
    _ placing: inout Placing, _ report: inout Report
  ) {
    let isPlaced =
      if let key, tree.isEmptyPlace(node) {
        placing.add(Addition(text), behindKey: key, indentation: 2)
      } else {
        placing.add(Addition(text), to: node)
      }
    if !isPlaced {
      report.error(
        "\(container.title): nothing can be added to the security context as it is written here",
        at: node, in: tree)
    }
  }
}
