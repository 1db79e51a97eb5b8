import Configuration

@testable import Injection

/// What a document says, however it is written: aliases and merges followed, order of keys gone.
indirect enum Meaning: Equatable {
  case null
  case scalar(String)
  case list([Meaning])
  case section([String: Meaning])

  /// The documents of a stream.
  static func documents(_ bytes: [UInt8]) throws -> [Meaning] {
    let (_, text) = Injection.withoutByteOrderMark(bytes)
    var reader = try ManifestReader(text)
    var documents: [Meaning] = []
    while let tree = try reader.next() { documents.append(Meaning(tree, tree.root)) }
    return documents
  }

  private init(_ tree: ManifestTree, _ written: Int) {
    let index = tree.resolved(written)
    switch tree[index].kind {
    case .scalar, .alias: self = tree.isNull(index) ? .null : .scalar(tree[index].text)
    case .sequence: self = .list(tree.items(of: index).map { Meaning(tree, $0) })
    case .mapping:
      var section: [String: Meaning] = [:]
      for (key, value) in tree.entries(of: index) where tree.isMerge(key) {
        section.merge(Meaning(tree, value).section) { $1 }
      }
      for (key, value) in tree.entries(of: index) where !tree.isMerge(key) {
        section[tree[key].text] = Meaning(tree, value)
      }
      self = .section(section)
    }
  }

  var section: [String: Meaning] { if case .section(let section) = self { section } else { [:] } }
  var list: [Meaning] { if case .list(let list) = self { list } else { [] } }
  var text: String { if case .scalar(let text) = self { text } else { "" } }

  /// What stands under a key; setting makes a section of nothing.
  subscript(_ key: String) -> Meaning {
    get { section[key] ?? .null }
    set {
      var changed = section
      changed[key] = newValue
      self = .section(changed)
    }
  }
}

/// What `inject` has to come to, worked out from the meaning alone.
struct Expectation {
  let mode: Mode
  /// `infra/kubernetes/sidecar`'s pod of this mode.
  let pair: Meaning

  init(_ mode: Mode) throws {
    self.mode = mode
    let path = "infra/kubernetes/sidecar/\(mode.rawValue)/pod.yaml"
    pair = try Meaning.documents(ManifestFixtures.repositoryFile(path))[0]["spec"]
  }

  func injected(_ object: Meaning, kind inherited: String? = nil) -> Meaning {
    var object = object
    let kind = object.section["kind"]?.text ?? inherited ?? ""
    if kind.hasSuffix("List"), !object["items"].list.isEmpty {
      let items = kind == "List" ? nil : String(kind.dropLast(4))
      object["items"] = .list(object["items"].list.map { injected($0, kind: items) })
      return object
    }
    switch kind {
    case "Pod": return injectedPod(object)
    case "PodTemplate": object["template"] = injectedPod(object["template"])
    case "CronJob":
      object["spec"]["jobTemplate"]["spec"]["template"] = injectedPod(
        object["spec"]["jobTemplate"]["spec"]["template"])
    case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job":
      object["spec"]["template"] = injectedPod(object["spec"]["template"])
    default: break
    }
    return object
  }

  private func injectedPod(_ pod: Meaning) -> Meaning {
    var pod = pod
    let first = pod["spec"]["containers"].list[0]["name"]
    for key in ["initContainers", "containers"] {
      let own = pod["spec"][key].list.map(hardened)
      let added = pair[key].list
      if !(own + added).isEmpty { pod["spec"][key] = .list(added + own) }
    }
    pod["spec"]["volumes"] = .list(pair["volumes"].list + pod["spec"]["volumes"].list)
    // What exactly it says is looked at by removing it.
    pod["metadata"]["annotations"]["portarium.io/injected"] = .null
    let name = "kubectl.kubernetes.io/default-container"
    if mode == .classic, pod["metadata"]["annotations"][name] == .null {
      pod["metadata"]["annotations"][name] = first
    }
    return pod
  }

  private func hardened(_ container: Meaning) -> Meaning {
    var container = container
    let context = container["securityContext"]
    if context["privileged"].text == "true" { return container }
    let added = context["capabilities"]["add"].list.map(\.text)
    if context.section["allowPrivilegeEscalation"] == nil, !added.contains("CAP_SYS_ADMIN") {
      container["securityContext"]["allowPrivilegeEscalation"] = .scalar("false")
    }
    if context["capabilities"].section["drop"] == nil {
      container["securityContext"]["capabilities"]["drop"] = .list([.scalar("ALL")])
    }
    return container
  }
}

extension Meaning {
  /// Without keys that have nothing under them.
  var withoutNothing: Meaning {
    switch self {
    case .null, .scalar: return self
    case .list(let list): return list.isEmpty ? .null : .list(list.map(\.withoutNothing))
    case .section(let section):
      let kept = section.mapValues(\.withoutNothing).filter { $0.value != .null }
      return kept.isEmpty ? .null : .section(kept)
    }
  }

  /// Without what the annotation says.
  var withoutRecord: Meaning {
    switch self {
    case .null, .scalar: return self
    case .list(let list): return .list(list.map(\.withoutRecord))
    case .section(let section):
      return .section(
        Dictionary(
          uniqueKeysWithValues: section.map { key, value in
            (key, key == "portarium.io/injected" ? .null : value.withoutRecord)
          }))
    }
  }
}
