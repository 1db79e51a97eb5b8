internal import Configuration

/// Looks for what the pair can't live with, and for what would lead around it.
struct PodReview {
  let tree: ManifestTree
  let site: PodSite
  let containers: [Container]
  let nativeSidecar: Bool

  func run(_ report: inout Report) {
    reviewPod(&report)
    reviewNames(&report)
    reviewIdentities(&report)
    reviewOrder(&report)
    reviewMeshes(&report)
    for container in containers {
      reviewPorts(of: container, &report)
      reviewSecurity(of: container, &report)
    }
  }

  private var podContext: Int? { tree.value("securityContext", in: site.spec) }

  private func reviewPod(_ report: inout Report) {
    let spec = site.spec
    if tree.isTrue("hostNetwork", in: spec) {
      error(
        "hostNetwork: its connections are the node's own, and the rules would be too",
        "hostNetwork", &report)
    }
    let nodes = tree.value("nodeSelector", in: spec)
    if tree.string("name", in: tree.value("os", in: spec)) == "windows" {
      error("it is for Windows, which has no nftables", "os", &report)
    } else if tree.string("kubernetes.io/os", in: nodes) == "windows" {
      error("it is for Windows, which has no nftables", "nodeSelector", &report)
    }
    if tree.isTrue("hostPID", in: spec) {
      warn("hostPID: it sees all processes of the node", "hostPID", weakens: true, &report)
    }
    if tree.isTrue("shareProcessNamespace", in: spec) {
      warn(
        "shareProcessNamespace: it sees the sidecar's processes", "shareProcessNamespace",
        weakens: false, &report)
    }
    if let grace = tree.value("terminationGracePeriodSeconds", in: spec),
      let seconds = tree.integer(grace), seconds < Self.shortestGrace
    {
      report.warn(
        "\(site.workload): in \(seconds) seconds the sidecar can't end the connections that are open; "
          + "terminationGracePeriodSeconds should be limits.drainSeconds and 10 more", at: grace,
        in: tree)
    }
  }

  /// Less is hardly meant for a pod with connections.
  private static let shortestGrace = 15

  private func error(_ message: String, _ key: String, _ report: inout Report) {
    let place = tree.find(key, in: site.spec)?.key ?? site.spec
    report.error("\(site.workload): \(message)", at: place, in: tree)
  }

  private func warn(_ message: String, _ key: String, weakens: Bool, _ report: inout Report) {
    let place = tree.find(key, in: site.spec)?.key ?? site.spec
    report.warn("\(site.workload): \(message)", at: place, in: tree, weakens: weakens)
  }

  private func reviewNames(_ report: inout Report) {
    var names: Set<String> = []
    for container in containers {
      if tree[container.mapping].kind != .mapping {
        report.error(
          "\(site.workload): a container must be a section", at: container.item, in: tree)
      } else if container.name == Pair.initContainer || container.name == Pair.sidecar {
        report.error(
          "\(site.workload): there is a container \(container.name) that inject didn't add: the "
            + "annotation \(Pair.annotation) is missing", at: container.item, in: tree)
      } else if !container.hasValidName {
        report.error(
          "\(container.title): a container's name is made of lower-case letters, digits and -",
          at: container.item, in: tree)
      } else if !names.insert(container.name).inserted {
        report.error(
          "\(container.title): another one has the same name", at: container.item, in: tree)
      }
    }
    let claims = site.claims(in: tree).compactMap { tree.value("metadata", in: $0) }
    for volume in tree.list("volumes", in: site.spec) + claims
    where tree.string("name", in: volume) == Pair.volume {
      report.error(
        "\(site.workload): there is a volume \(Pair.volume) that inject didn't add", at: volume,
        in: tree)
    }
  }

  /// Who runs as the sidecar's uid is the sidecar to the kernel.
  private func reviewIdentities(_ report: inout Report) {
    for container in containers {
      let own = tree.value("securityContext", in: container.mapping)
      for key in ["runAsUser", "runAsGroup"] {
        guard let value = tree.value(key, in: own) ?? tree.value(key, in: podContext),
          tree.integer(value) == Pair.uid
        else { continue }
        if key == "runAsUser" {
          report.error(
            "\(container.title): runs as uid \(Pair.uid), which is the sidecar's: its connections "
              + "would not be captured", at: value, in: tree)
        } else {
          warnOfGroup("\(container.title): runs as gid \(Pair.uid)", value, &report)
        }
      }
    }
    let groups = tree.list("supplementalGroups", in: podContext).map { tree.resolved($0) }
    for value in groups + [tree.value("fsGroup", in: podContext)].compactMap({ $0 })
    where tree.integer(value) == Pair.uid {
      warnOfGroup("\(site.workload): all its containers are in group \(Pair.uid)", value, &report)
    }
  }

  private func warnOfGroup(_ message: String, _ value: Int, _ report: inout Report) {
    report.warn(
      "\(message), the sidecar's: where capture.proxyGID names it, it isn't captured", at: value,
      in: tree)
  }

  /// What starts before the sidecar finds nobody at its port; what waits for all containers to end
  /// waits for the sidecar too.
  private func reviewOrder(_ report: inout Report) {
    guard !nativeSidecar else { return }
    for container in containers where container.role == .initContainers {
      report.warn(
        "\(container.title): runs before the sidecar, so that its connections are refused; with "
          + "--native-sidecar they are judged", at: container.item, in: tree)
    }
    if site.completes(in: tree) {
      report.warn(
        "\(site.workload): doesn't complete while the sidecar runs; with --native-sidecar it does",
        at: site.spec, in: tree)
    }
  }

  private static let meshContainers = [
    "istio-proxy", "istio-init", "istio-validation", "linkerd-proxy", "linkerd-init",
    "kuma-sidecar", "kuma-init", "consul-dataplane", "consul-connect-inject-init",
  ]
  private static let meshMarks = [
    ("sidecar.istio.io/inject", "true"), ("linkerd.io/inject", "enabled"),
    ("kuma.io/sidecar-injection", "enabled"), ("consul.hashicorp.com/connect-inject", "true"),
  ]

  private func reviewMeshes(_ report: inout Report) {
    for container in containers where Self.meshContainers.contains(container.name) {
      report.warn(
        "\(container.title): is another mesh's; both would capture the same connections",
        at: container.item, in: tree, weakens: true)
    }
    let metadata = tree.value("metadata", in: site.template)
    for holder in ["annotations", "labels"] {
      for (name, value) in Self.meshMarks {
        let marks = tree.value(holder, in: metadata)
        guard let found = marks.flatMap({ tree.find(name, in: $0) }),
          tree[tree.resolved(found.value)].text == value
        else { continue }
        report.warn(
          "\(site.workload): \(name) brings another mesh; both would capture the same connections",
          at: found.key, in: tree, weakens: true)
      }
    }
  }

  private func reviewPorts(of container: Container, _ report: inout Report) {
    for port in tree.list("ports", in: container.mapping) {
      guard let value = tree.value("containerPort", in: port), let number = tree.integer(value),
        Pair.ports.contains(number)
      else { continue }
      report.error(
        "\(container.title): port \(number) is the sidecar's", at: value, in: tree)
    }
  }

  /// What leads around the rules.
  private static let dangerous = [
    "ALL", "NET_RAW", "NET_ADMIN", "SETUID", "SETGID", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE",
  ]
  /// Of these, those that container runtimes give unless they are dropped.
  private static let given = ["NET_RAW", "SETUID", "SETGID"]

  private func reviewSecurity(of container: Container, _ report: inout Report) {
    guard let context = tree.value("securityContext", in: container.mapping) else { return }
    for key in ["privileged", "allowPrivilegeEscalation"] where tree.isTrue(key, in: context) {
      report.warn(
        "\(container.title): \(key): true lets it get around the capture",
        at: tree.find(key, in: context)?.key ?? context, in: tree, weakens: true)
    }
    if let found = tree.find("allowPrivilegeEscalation", in: context),
      tree.isNull(tree.resolved(found.value)), !tree.isTrue("privileged", in: context)
    {
      report.error(
        "\(container.title): allowPrivilegeEscalation is null, which allows it; leave the key out",
        at: found.key, in: tree)
    }
    let capabilities = tree.value("capabilities", in: context)
    for (name, item) in tree.capabilities("add", in: capabilities)
    where Self.dangerous.contains(name) {
      report.warn(
        "\(container.title): \(name) lets it get around the capture", at: item, in: tree,
        weakens: true)
    }
    guard let capabilities, let drop = tree.find("drop", in: capabilities) else { return }
    let dropped = tree.dropped(in: capabilities)
    let kept = Self.given.filter { !dropped.contains($0) }
    if !dropped.contains("ALL"), !kept.isEmpty {
      report.warn(
        "\(container.title): keeps \(kept.joined(separator: ", ")), which lets it get around the "
          + "capture: drop ALL", at: drop.key, in: tree, weakens: true)
    }
  }
}
