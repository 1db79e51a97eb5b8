internal import ArgumentParser
internal import Capture
internal import Configuration
internal import Kernel

/// The end of a run that did nothing: the code of its class and a sentence for each thing that is
/// wrong.
struct Failure: Error {
  let status: ExitStatus
  let sentences: String

  init(_ status: ExitStatus, _ sentences: String) {
    self.status = status
    self.sentences = sentences
  }

  /// Nil for an error that is none of this program's.
  init?(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as ConfigurationFailure: self.init(.badInput, error.description)
    case let error as MachineError: self.init(error)
    case let error as InstallationError: self.init(error)
    case let error as TransactionError: self.init(error)
    case let error as DumpError: self.init(error)
    case let error as ConnectionError: self.init(error)
    case let error as RoutingError: self.init(error)
    case let error as Errno: self.init(.systemRefused, "standard output takes nothing: \(error)")
    default: return nil
    }
  }

  private init(_ error: MachineError) {
    switch error {
    case .unreadable: self.init(.systemRefused, error.description)
    case .badResolver, .proxyUIDUnmapped: self.init(.badInput, error.description)
    }
  }

  private init(_ error: InstallationError) {
    switch error {
    case .foreignTable, .interface: self.init(.badInput, error.description)
    case .dump(let error): self.init(error)
    case .routing(let error): self.init(error)
    case .connections(let error): self.init(error)
    case .transaction(let error): self.init(error)
    }
  }

  private init(_ error: ConnectionError) {
    let status: ExitStatus =
      switch error {
      case .notPermitted: .noPermission
      case .unsupported: .unsupported
      case .refused, .system: .systemRefused
      }
    self.init(status, error.description)
  }

  private init(_ error: DumpError) {
    let status: ExitStatus =
      switch error {
      case .notPermitted: .noPermission
      case .unsupported: .unsupported
      case .unsteady, .refused, .unreadable, .transport: .systemRefused
      }
    self.init(status, error.description)
  }

  private init(_ error: RoutingError) {
    let status: ExitStatus =
      switch error {
      case .notPermitted: .noPermission
      case .unsupported: .unsupported
      case .ipv6OffOnLoopback, .noLoopback, .unsteady, .refused, .system: .systemRefused
      }
    self.init(status, error.description)
  }

  private init(_ error: TransactionError) {
    let status: ExitStatus =
      switch error {
      case .notPermitted: .noPermission
      case .unsupported: .unsupported
      case .refused, .system, .tooLarge, .framesNotGuarded, .library: .systemRefused
      }
    self.init(status, error.description)
  }

  func exit() -> Never {
    for sentence in sentences.split(separator: "\n") {
      // Where nobody takes it, the code still tells.
      try? StandardStream.error.write("portarium-init: \(sentence)\n")
    }
    PortariumInit.exit(withError: ExitCode(status.rawValue))
  }
}
