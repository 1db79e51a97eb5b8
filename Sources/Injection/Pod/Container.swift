internal import Configuration

/// One container of a pod, as its manifest describes it.
struct Container {
  enum Role: String, CaseIterable {
    case initContainers, containers, ephemeralContainers
  }

  let role: Role
  /// The item of the list; may be an alias.
  let item: Int
  /// The mapping that it is.
  let mapping: Int
  /// Empty where it has none.
  let name: String
  /// How a sentence calls it.
  let title: String

  /// All containers of a pod in the order of their lists.
  static func all(of site: PodSite, in tree: ManifestTree) -> [Container] {
    Role.allCases.flatMap { role in
      tree.list(role.rawValue, in: site.spec).map { item in
        let mapping = tree.resolved(item)
        let name = tree.string("name", in: mapping) ?? ""
        return Container(
          role: role, item: item, mapping: mapping, name: name,
          title: "\(site.workload), container \(name.isEmpty ? "without a name" : excerpt(name))")
      }
    }
  }

  /// RFC 1123's labels: Kubernetes takes no other names.
  var hasValidName: Bool {
    let bytes = name.utf8
    guard (1...63).contains(bytes.count), let first = bytes.first, let last = bytes.last else {
      return false
    }
    let dash = UInt8(ascii: "-")
    return first != dash && last != dash
      && bytes.allSatisfy {
        (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == dash
      }
  }
}

/// `CAP_net_raw` and `NET_RAW` are one capability.
func capability(_ text: String) -> String {
  let name = text.uppercased()
  return name.hasPrefix("CAP_") ? String(name.dropFirst(4)) : name
}

extension ManifestTree {
  /// The names in a list of capabilities to drop, as far as every runtime knows them: containerd puts
  /// `CAP_` before whatever stands there, and drops nothing for `CAP_ALL`.
  func dropped(in capabilities: Int) -> [String] {
    list("drop", in: capabilities).map { nodes[resolved($0)].text.uppercased() }
  }

  /// The names of capabilities in a list, where they stand.
  func capabilities(_ key: String, in mapping: Int?) -> [(name: String, item: Int)] {
    list(key, in: mapping).map { (capability(nodes[resolved($0)].text), $0) }
  }
}
