internal import Configuration

/// A place in a document where a pod is described.
struct PodSite {
  /// `Deployment web`, for sentences.
  let workload: String
  let kind: String
  /// The document, or the item of a list.
  let object: Int
  /// The mapping that holds `metadata` and `spec`: a pod template, or the document of a Pod.
  let template: Int
  let spec: Int

  /// Runs to an end by itself: the sidecar must end with it.
  func completes(in tree: ManifestTree) -> Bool {
    kind == "Job" || kind == "CronJob"
      || (kind == "Pod" && ["Never", "OnFailure"].contains(tree.string("restartPolicy", in: spec)))
  }

  /// The templates of a StatefulSet's claims, each of which is a volume of the pod.
  func claims(in tree: ManifestTree) -> [Int] {
    tree.list("volumeClaimTemplates", in: tree.value("spec", in: object))
  }

  /// Whether its author wants it left alone.
  func isExempt(in tree: ManifestTree) -> Bool {
    let metadata = tree.value("metadata", in: template)
    return ["labels", "annotations"].contains {
      tree.string(Pair.mark, in: tree.value($0, in: metadata)) == "disabled"
    }
  }

  private static let maximumDepth = 8

  /// From an object to what holds `metadata` and `spec` of the pod; nil for kinds without pods.
  private static func path(kind: String, apiVersion: String) -> [String]? {
    let parts = apiVersion.split(separator: "/")
    let group = parts.count == 2 ? parts[0] : ""
    guard ["", "apps", "batch", "extensions"].contains(group) else { return nil }
    switch kind {
    case "Pod": return []
    case "PodTemplate": return ["template"]
    case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job":
      return ["spec", "template"]
    case "CronJob": return ["spec", "jobTemplate", "spec", "template"]
    default: return nil
    }
  }

  /// The pods of a document, those in lists included.
  static func all(in tree: ManifestTree, _ report: inout Report) -> [PodSite] {
    var sites: [PodSite] = []
    add(tree.root, kind: nil, in: tree, depth: 0, &sites, &report)
    // All of the document: what an alias stands for may be outside of the pods.
    if !sites.isEmpty { report.refuseAmbiguities(below: tree.root, in: tree) }
    return sites
  }

  private static func add(
    _ object: Int, kind inherited: String?, in tree: ManifestTree, depth: Int,
    _ sites: inout [PodSite], _ report: inout Report
  ) {
    guard tree[object].kind == .mapping else { return }
    guard depth < maximumDepth else {
      return report.error(
        "lists in lists, more than \(maximumDepth) deep: what is in them can't be protected",
        at: object, in: tree)
    }
    // Before anything is read from it: what kind it is may be in doubt.
    report.refuseAmbiguities(of: object, in: tree)
    let kind = tree.string("kind", in: object) ?? inherited ?? ""
    let apiVersion = tree.string("apiVersion", in: object) ?? ""
    // To kubectl everything is a list that has a list `items`.
    if let items = tree.value("items", in: object),
      kind.hasSuffix("List") || tree[items].kind == .sequence
    {
      // The items of a `DeploymentList` need not repeat their kind.
      let itemKind = kind == "List" || !kind.hasSuffix("List") ? nil : String(kind.dropLast(4))
      for item in tree.items(of: items) {
        guard tree[item].kind != .alias else {
          report.error("this object of the list is an alias; write it out", at: item, in: tree)
          continue
        }
        add(item, kind: itemKind, in: tree, depth: depth + 1, &sites, &report)
      }
      return
    }
    let metadata = tree.value("metadata", in: object)
    let name = tree.string("name", in: metadata) ?? tree.string("generateName", in: metadata) ?? ""
    let workload = name.isEmpty ? excerpt(kind) : "\(excerpt(kind)) \(excerpt(name))"
    guard let path = path(kind: kind, apiVersion: apiVersion) else {
      if tree.holdsContainers(below: object) {
        report.warn(
          "\(workload): holds containers, and is of no kind that inject knows: nothing is added",
          at: object, in: tree, weakens: true)
      }
      return
    }
    var template = object
    for key in path {
      guard let next = step(key, from: template, workload, in: tree, &report) else { return }
      template = next
    }
    guard let spec = step("spec", from: template, workload, in: tree, &report) else { return }
    sites.append(
      PodSite(workload: workload, kind: kind, object: object, template: template, spec: spec))
  }

  /// The mapping under a key, which must stand there itself: what an alias shares with others can't be
  /// extended for one of them.
  private static func step(
    _ key: String, from mapping: Int, _ workload: String, in tree: ManifestTree,
    _ report: inout Report
  ) -> Int? {
    guard let found = tree.find(key, in: mapping), !tree.isNull(tree.resolved(found.value)) else {
      report.error("\(workload): there is no pod in it: `\(key)` is missing", at: mapping, in: tree)
      return nil
    }
    if found.isMerged || tree[found.value].kind == .alias {
      report.error(
        "\(workload): `\(key)` is an alias of line \(report.line(of: tree.resolved(found.value), in: tree)); "
          + "write it out, so that something can be added here alone",
        at: found.isMerged ? mapping : found.value, in: tree)
      return nil
    }
    guard tree[found.value].kind == .mapping else {
      report.error("\(workload): `\(key)` is no section", at: found.value, in: tree)
      return nil
    }
    return found.value
  }
}
