/// Adds the pair to the pods of one document. They may share security contexts by anchors, so that what
/// their annotations say is known once all of them have been looked at.
struct DocumentExtension {
  private let tree: ManifestTree
  private let pair: Pair
  private(set) var placing: Placing
  private var hardening: Hardening
  private var pods: [(extension: PodExtension, defaultContainer: String)] = []

  init(_ tree: ManifestTree, _ pair: Pair) {
    self.tree = tree
    self.pair = pair
    placing = Placing(tree)
    hardening = Hardening(tree)
  }

  mutating func extend(_ site: PodSite, _ report: inout Report) {
    let containers = Container.all(of: site, in: tree)
    guard let first = containers.first(where: { $0.role == .containers }) else {
      return report.error("\(site.workload): the pod has no containers", at: site.spec, in: tree)
    }
    PodReview(
      tree: tree, site: site, containers: containers, nativeSidecar: pair.options.nativeSidecar
    ).run(&report)
    var pod = PodExtension(tree: tree, site: site, pair: pair)
    pod.addPair(&placing, &report)
    for container in containers where tree[container.mapping].kind == .mapping {
      for key in hardening.harden(container, of: pods.count, &placing, &report) {
        pod.record.containerKeys.append((container.name, key))
      }
    }
    pods.append((pod, first.name))
  }

  mutating func complete(_ report: inout Report) {
    hardening.complete(&report) { pod, container, key in
      pods[pod].extension.record.containerKeys.append((container, key))
    }
    for var pod in pods {
      pod.extension.annotate(defaultContainer: pod.defaultContainer, &placing, &report)
    }
  }
}
