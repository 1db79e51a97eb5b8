/// Takes out of one pod what the annotation says inject added, where it still is as inject wrote it.
struct PodRestoration {
  let tree: ManifestTree
  let site: PodSite

  /// The record of the pod; nil where it has none, or none that can be read, which is reported.
  func record(_ report: inout Report) -> Record? {
    guard let annotations, let found = tree.find(Pair.annotation, in: annotations) else {
      return nil
    }
    if let record = Record(tree[tree.resolved(found.value)].text) { return record }
    report.error(
      "\(site.workload): the annotation \(Pair.annotation) isn't as inject writes it",
      at: found.value,
      in: tree)
    return nil
  }

  /// What only looks as if inject had added it stays.
  func warnOfUnrecorded(_ report: inout Report) {
    for container in Container.all(of: site, in: tree)
    where [Pair.initContainer, Pair.sidecar].contains(container.name) {
      report.warn(
        "\(container.title): stays, since the annotation \(Pair.annotation) is missing",
        at: container.item, in: tree)
    }
  }

  private var annotations: Int? {
    tree.value("annotations", in: tree.value("metadata", in: site.template))
  }

  func restore(_ record: Record, _ taking: inout Taking, _ report: inout Report) {
    takeItems(
      named: [Pair.initContainer, Pair.sidecar], from: "initContainers",
      wasNew: record.created(.initContainers), &taking)
    takeItems(named: [Pair.sidecar], from: "containers", wasNew: false, &taking)
    takeItems(
      named: [Pair.volume], from: "volumes", wasNew: record.created(.volumes), &taking)
    let containers = Dictionary(
      Container.all(of: site, in: tree).map { ($0.name, $0) },
      uniquingKeysWith: { first, _ in first })
    for (name, key) in record.containerKeys {
      guard let container = containers[name] else {
        report.warn(
          "\(site.workload): no container is called \(name) any more; its \(key.rawValue) may still "
            + "stand somewhere", at: site.spec, in: tree)
        continue
      }
      if !restore(container, key, &taking) {
        report.warn(
          "\(container.title): what inject added to its security context has been changed since, and "
            + "stays", at: container.item, in: tree)
      }
    }
    takeAnnotations(record, &taking)
  }

  private func takeItems(
    named names: [String], from key: String, wasNew: Bool, _ taking: inout Taking
  ) {
    guard let found = own(key, in: site.spec) else { return }
    for item in tree.items(of: found.value)
    where names.contains(tree.string("name", in: item) ?? "") {
      taking.take(item, from: found.value)
    }
    if wasNew, taking.empties(found.value) {
      taking.takeWhole(found.value, key: found.key, from: site.spec)
    }
  }

  /// False where something else stands there now.
  private func restore(
    _ container: Container, _ key: Record.ContainerKey, _ taking: inout Taking
  ) -> Bool {
    guard let context = own("securityContext", in: container.item) else {
      // What an anchor shares is restored where it stands.
      return tree.find("securityContext", in: container.item) != nil
    }
    var isWhole = true
    if key == .allowPrivilegeEscalation || key == .securityContext {
      if let found = own("allowPrivilegeEscalation", in: context.value), tree.isFalse(found.value) {
        taking.take(found.key, from: context.value)
      } else {
        isWhole = false
      }
    }
    if key != .allowPrivilegeEscalation {
      isWhole = takeDrop(context, key, &taking) && isWhole
    }
    if key == .securityContext, taking.empties(context.value) {
      taking.takeWhole(context.value, key: context.key, from: container.item)
    }
    return isWhole
  }

  private func takeDrop(
    _ context: ManifestTree.Found, _ key: Record.ContainerKey, _ taking: inout Taking
  ) -> Bool {
    guard let capabilities = own("capabilities", in: context.value) else {
      return tree.find("capabilities", in: context.value) != nil
    }
    guard let drop = own("drop", in: capabilities.value),
      tree.capabilities("drop", in: capabilities.value).map(\.name) == ["ALL"]
    else { return false }
    taking.take(drop.key, from: capabilities.value)
    if key != .drop, taking.empties(capabilities.value) {
      taking.takeWhole(capabilities.value, key: capabilities.key, from: context.value)
    }
    return true
  }

  private func takeAnnotations(_ record: Record, _ taking: inout Taking) {
    guard let metadata = own("metadata", in: site.template),
      let annotations = own("annotations", in: metadata.value)
    else { return }
    if let found = own(Pair.annotation, in: annotations.value) {
      taking.take(found.key, from: annotations.value)
    }
    if record.created(.defaultContainer),
      let found = own(Pair.defaultContainer, in: annotations.value),
      tree[found.value].text == firstOwnContainer
    {
      taking.take(found.key, from: annotations.value)
    }
    guard record.created(.annotations), taking.empties(annotations.value) else { return }
    taking.takeWhole(annotations.value, key: annotations.key, from: metadata.value)
    if record.created(.metadata), taking.empties(metadata.value) {
      taking.takeWhole(metadata.value, key: metadata.key, from: site.template)
    }
  }

  private var firstOwnContainer: String? {
    Container.all(of: site, in: tree).first {
      $0.role == .containers && $0.name != Pair.sidecar
    }?.name
  }

  /// What stands under a key itself, neither merged nor by an alias.
  private func own(_ key: String, in mapping: Int) -> ManifestTree.Found? {
    guard tree[mapping].kind == .mapping, let found = tree.find(key, in: mapping), !found.isMerged,
      tree[found.value].kind != .alias
    else { return nil }
    return found
  }
}
