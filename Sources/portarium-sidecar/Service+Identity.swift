import Addressing
import Configuration
import ControlPlane
import DataPlane
import Kernel

// What the sidecar proves itself with.
extension Service {
  /// Starts the source of the identity, where the document names one; the identity itself comes later
  /// and goes to the workers by itself.
  func startIdentity(_ dataPlane: DataPlaneBox) throws(StartFailure) -> IdentityProvider? {
    guard let mutual = document.mtls else { return nil }
    do {
      return try IdentityProvider(
        try IdentityProvider.Source(mutual), userAgent: "portarium-sidecar/\(Release.version)",
        log: log
      ) { dataPlane.publish($0.map { IdentitySnapshot($0) }) }
    } catch let error as StartFailure {
      throw error
    } catch {
      throw StartFailure("the identity's source can't be watched: \(error)", .systemRefused)
    }
  }
}

extension IdentityProvider.Source {
  fileprivate init(_ mutual: MutualTLS) throws(StartFailure) {
    switch mutual {
    case .files(let files):
      self = .files(
        SVIDFiles(
          certificatePath: files.certificatePath, keyPath: files.keyPath,
          bundlePath: files.trustBundlePath,
          checkInterval: files.rotationCheckInterval.nanoseconds))
    case .workloadAPI(let endpoint?):
      self = .workloadAPI(endpoint)
    case .workloadAPI(nil):
      self = .workloadAPI(try Self.endpointOfEnvironment())
    }
  }

  private static func endpointOfEnvironment() throws(StartFailure) -> WorkloadEndpoint {
    let text = Environment.variable(WorkloadEndpoint.variable).flatMap { $0.isEmpty ? nil : $0 }
    guard let text else { return .wellKnown }
    do {
      return try WorkloadEndpoint(text)
    } catch {
      throw StartFailure("\(WorkloadEndpoint.variable): '\(text)' \(error.sentence)", .badInput)
    }
  }
}

extension IdentitySnapshot {
  fileprivate init(_ identity: Identity) {
    self.init(svid: identity.svid, inbound: identity.inbound, mutual: identity.mutual)
  }
}
