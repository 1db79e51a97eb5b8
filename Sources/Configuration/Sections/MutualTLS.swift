package import Addressing
internal import Policy

/// Where the workload's identity comes from: the certificate that the sidecar shows to its peers,
/// and whom it trusts.
package enum MutualTLS: Hashable, Sendable {
  case files(Files)
  /// Nil: where the environment says (`WorkloadEndpoint.variable`), else at the well-known place.
  case workloadAPI(WorkloadEndpoint?)

  /// PEM files, at absolute paths. They are read again when they change.
  package struct Files: Hashable, Sendable {
    /// The X.509-SVID, leaf first.
    package var certificatePath: String
    package var keyPath: String
    /// The roots of the SVID's own trust domain.
    package var trustBundlePath: String
    /// How often the files are looked at though nothing told of a change.
    package var rotationCheckInterval: Duration

    package init(
      certificatePath: String, keyPath: String, trustBundlePath: String,
      rotationCheckInterval: Duration = .seconds(60)
    ) {
      self.certificatePath = certificatePath
      self.keyPath = keyPath
      self.trustBundlePath = trustBundlePath
      self.rotationCheckInterval = rotationCheckInterval
    }
  }
}

/// `mtls:`
enum MutualTLSSection {
  static let workloadAPI: Key<WorkloadEndpoint?> = Key(
    "workloadAPI", .workloadEndpoint,
    otherwise: "`SPIFFE_ENDPOINT_SOCKET` of the environment, else "
      + "`unix:///run/spire/sockets/agent.sock`",
    "The SPIFFE Workload API that hands out the identity, where no files do: "
      + "`unix:///path` or `tcp://address:port`.")
  static let svidCertPath: Key<String?> = Key(
    "svidCertPath", .filePath, otherwise: "the Workload API",
    "The workload's X.509-SVID in PEM, leaf first. Together with `svidKeyPath` and "
      + "`trustBundlePath`.")
  static let svidKeyPath: Key<String?> = Key(
    "svidKeyPath", .filePath, otherwise: "the Workload API", "Its private key in PEM.")
  static let trustBundlePath: Key<String?> = Key(
    "trustBundlePath", .filePath, otherwise: "the Workload API",
    "The roots of its trust domain in PEM. Peers of no other domain are trusted.")
  static let rotationCheckIntervalSeconds: Key<Duration?> = Key(
    "rotationCheckIntervalSeconds", .seconds(.seconds(1)...(.seconds(86400))), otherwise: "60",
    "How often the files are read again though nothing told of a change.")

  static let keys = [
    workloadAPI.declaration, svidCertPath.declaration, svidKeyPath.declaration,
    trustBundlePath.declaration, rotationCheckIntervalSeconds.declaration,
  ]

  static let type: ValueType<MutualTLS> = .section(keys) { section in
    let address = section.read(workloadAPI)
    let paths = [svidCertPath, svidKeyPath, trustBundlePath].map { key in
      (key: key, path: section.read(key), isGiven: section.position(of: key) != nil)
    }
    let interval = section.read(rotationCheckIntervalSeconds)
    guard paths.contains(where: \.isGiven) else {
      if section.position(of: rotationCheckIntervalSeconds) != nil {
        section.error(
          "is about files, and there are none: the Workload API tells of changes itself",
          at: rotationCheckIntervalSeconds)
      }
      return .workloadAPI(address)
    }
    if section.position(of: workloadAPI) != nil {
      section.error("files and the Workload API exclude each other", at: workloadAPI)
    }
    for (key, _, isGiven) in paths where !isGiven {
      section.error(
        "the key is required beside the other files of an identity and missing", at: key)
    }
    return .files(
      MutualTLS.Files(
        certificatePath: paths[0].path ?? "", keyPath: paths[1].path ?? "",
        trustBundlePath: paths[2].path ?? "", rotationCheckInterval: interval ?? .seconds(60)))
  }
}

extension ValueType where Value == WorkloadEndpoint {
  fileprivate static var workloadEndpoint: ValueType {
    let phrase = "`unix://` and an absolute path, or `tcp://`, an IP address and a port"
    let wanted = "unix:// and an absolute path, or tcp://, an IP address and a port"
    return ValueType(shape: .text(phrase)) { node, findings in
      guard let text = node.text(wanted, findings) else { return nil }
      do throws(WorkloadEndpointError) {
        let address = try WorkloadEndpoint(text)
        if case .tcp(let endpoint) = address,
          ForbiddenAddress(endpoint.address)?.addressClass != .loopback
        {
          findings.warning(
            "\(endpoint) is not on this machine: whoever is on the way can read the workload's "
              + "private key", at: node.position)
        }
        return address
      } catch {
        findings.error(
          "must be \(wanted); \"\(excerpt(text))\" \(error.sentence)", at: node.position)
        return nil
      }
    }
  }
}
