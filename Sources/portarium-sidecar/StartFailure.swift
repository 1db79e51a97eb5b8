import ControlPlane
import DataPlane
import Kernel

/// Why the service can't start, and how the process ends for it.
struct StartFailure: Error {
  let sentence: String
  let status: ExitStatus

  init(_ sentence: String, _ status: ExitStatus) {
    self.sentence = sentence
    self.status = status
  }

  init(_ error: DataPlane.StartError) {
    switch error {
    case .cannotListen(let endpoint, .addressInUse):
      self.init(
        "\(endpoint) is in use by another process; proxyPort and inboundPort name the ports",
        .systemRefused)
    case .cannotBeTransparent:
      self.init(
        "capture.gateway.method tproxy needs CAP_NET_ADMIN when the sidecar starts, which it doesn't "
          + "have; method redirect needs no capability", .noPermission)
    case .cannotListen(let endpoint, let error):
      self.init(
        "can't listen on \(endpoint): \(error)",
        error == .permissionDenied ? .noPermission : .systemRefused)
    case .cannotStart(let error):
      self.init("the workers can't start: \(error)", .systemRefused)
    }
  }

  init(_ error: AuditSink.OpenError, _ target: AuditSink.Target) {
    let sentence = "\(error.sentence(about: target)); audit.sink names it"
    switch error {
    case .notAFile: self.init(sentence, .badInput)
    case .refused(.permissionDenied), .refused(.notPermitted): self.init(sentence, .noPermission)
    case .refused: self.init(sentence, .systemRefused)
    }
  }

  init(_ error: AdminServerError) {
    switch error {
    case .portInUse(let address, let port):
      self.init(
        "\(address) port \(port) is in use by another process; adminPort and healthPort name the ports",
        .systemRefused)
    case .permissionDenied:
      self.init("\(error)", .noPermission)
    case .cannotListen:
      self.init("\(error)", .systemRefused)
    }
  }
}
