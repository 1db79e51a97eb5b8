/// Adds the pair, its volume and the annotation to one pod.
struct PodExtension {
  let tree: ManifestTree
  let site: PodSite
  let pair: Pair
  var record = Record()

  /// Adds to the lists of the pod.
  mutating func addPair(_ placing: inout Placing, _ report: inout Report) {
    var keys = ""
    keys += items(pair.initContainers, of: "initContainers", .initContainers, &placing, &report)
    if let containers = pair.containers {
      keys += items(containers, of: "containers", nil, &placing, &report)
    }
    keys += items(pair.volumes, of: "volumes", .volumes, &placing, &report)
    if !keys.isEmpty { place(keys, in: site.spec, &placing, &report) }
  }

  /// Adds the record of it all, which must be complete.
  mutating func annotate(
    defaultContainer: String, _ placing: inout Placing, _ report: inout Report
  ) {
    let metadata = section("metadata", in: site.template, &report)
    var annotations: Place?
    if case .node(let node) = metadata { annotations = section("annotations", in: node, &report) }
    if case .nowhere? = annotations { return }
    switch metadata {
    case .nowhere: return
    case .absent: record.podKeys = [.metadata, .annotations] + record.podKeys
    case .key: record.podKeys.insert(.annotations, at: 0)
    case .node:
      if case .absent? = annotations { record.podKeys.insert(.annotations, at: 0) }
    }
    var entries = ""
    var known: ManifestTree.Found?
    if case .node(let node)? = annotations { known = tree.find(Pair.defaultContainer, in: node) }
    if pair.containers != nil, known == nil {
      // The sidecar comes first, and its image has no shell.
      entries = "\(Pair.defaultContainer): \(scalar(defaultContainer))\n"
      record.podKeys.append(.defaultContainer)
    }
    entries = "\(Pair.annotation): \"\(record.text)\"\n" + entries

    let section = "annotations:\n" + indented(entries, by: 2)
    switch (metadata, annotations) {
    case (.absent, _):
      place("metadata:\n" + indented(section, by: 2), in: site.template, &placing, &report)
    case (.key(let key), _): _ = placing.add(Addition(section), behindKey: key, indentation: 2)
    case (.node(let node), .absent?): place(section, in: node, &placing, &report)
    case (_, .key(let key)?): _ = placing.add(Addition(entries), behindKey: key, indentation: 2)
    case (_, .node(let node)?): place(entries, in: node, &placing, &report)
    default: return
    }
  }

  /// Where something can be added.
  private enum Place {
    /// Nothing of this name is there.
    case absent
    /// A key without a value.
    case key(Int)
    case node(Int)
    /// Reported.
    case nowhere
  }

  private func section(_ key: String, in mapping: Int, _ report: inout Report) -> Place {
    let place = self.place(of: key, in: mapping, &report)
    if case .node(let node) = place, tree[node].kind != .mapping {
      report.error("\(site.workload): `\(key)` is no section", at: node, in: tree)
      return .nowhere
    }
    return place
  }

  private func place(of key: String, in mapping: Int, _ report: inout Report) -> Place {
    guard let found = tree.find(key, in: mapping) else { return .absent }
    let value = found.value
    var problem: String?
    if found.isMerged || tree[value].kind == .alias {
      problem = "is shared by an anchor; write it out, so that something can be added here alone"
    } else if tree.isEmptyPlace(value) {
      return .key(found.key)
    } else if tree.isNull(value) {
      problem = "is null, to which nothing can be added; leave the key out"
    } else if tree[value].isShared {
      problem = "has an anchor that is used elsewhere; write it out there"
    }
    guard let problem else { return .node(value) }
    report.error("\(site.workload): `\(key)` \(problem)", at: found.key, in: tree)
    return .nowhere
  }

  /// Adds items to a list of the pod, or returns the key with them where there is none yet.
  private mutating func items(
    _ text: String, of key: String, _ recorded: Record.PodKey?, _ placing: inout Placing,
    _ report: inout Report
  ) -> String {
    switch place(of: key, in: site.spec, &report) {
    case .nowhere: return ""
    case .absent:
      if let recorded { record.podKeys.append(recorded) }
      return "\(key):\n" + indented(text, by: dashOffset(placing))
    case .key(let place):
      _ = placing.add(Addition(text), behindKey: place, indentation: dashOffset(placing))
    case .node(let node):
      if tree[node].kind != .sequence {
        report.error("\(site.workload): `\(key)` is no list", at: node, in: tree)
      } else {
        place(text, in: node, &placing, &report)
      }
    }
    return ""
  }

  private func place(
    _ text: String, in node: Int, _ placing: inout Placing, _ report: inout Report
  ) {
    if !placing.add(Addition(text), to: node) {
      report.error(
        "\(site.workload): nothing can be added to this as it is written here", at: node, in: tree)
    }
  }

  /// How far to the right of their key the pod's lists have their dashes.
  private func dashOffset(_ placing: Placing) -> Int {
    guard let found = tree.find("containers", in: site.spec), !found.isMerged,
      tree[found.value].kind == .sequence, !tree[found.value].isFlow
    else { return 2 }
    let offset =
      placing.lines.column(of: tree[found.value].inside)
      - placing.lines.column(of: tree[found.key].start)
    return (0...8).contains(offset) ? offset : 2
  }

  private func indented(_ text: String, by columns: Int) -> String {
    let indentation = String(repeating: " ", count: columns)
    return text.split(separator: "\n").map { "\(indentation)\($0)\n" }.joined()
  }
}
