/// Where the document is looked for.
package enum DocumentPath {
  package static let standard = "/etc/portarium/config.yaml"
  package static let variable = "PORTARIUM_CONFIG"

  /// True where nobody said where the document is.
  package static func isUnnamed(flag: String?, environment: [String: String]) -> Bool {
    flag == nil && environment[variable, default: ""].isEmpty
  }

  /// The flag `--config` first, then `PORTARIUM_CONFIG`, then the standard path. An empty
  /// variable counts as none, as a pod specification can't always leave it out.
  package static func resolve(flag: String?, environment: [String: String]) -> String {
    if let flag { return flag }
    if let path = environment[variable], !path.isEmpty { return path }
    return standard
  }
}
