internal import ArgumentParser
internal import Configuration
internal import Injection
internal import Kernel

struct Inject: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inject",
    abstract: "Add the pair to the workloads in Kubernetes manifests. Touches no cluster.",
    discussion: """
      Reads YAML or JSON, of several documents or of kind List, and writes it with portarium-init and \
      portarium-sidecar in every pod. Every other byte stays as it was. What was injected before is \
      replaced. Warnings go to standard error. Exit codes: 0 written; 2 a bad manifest, or one that \
      can't be protected: then nothing is written; 5 a file can't be read.
      """)

  @Option(
    name: [.customShort("f"), .long],
    help: ArgumentHelp("A manifest, - for standard input. Repeatable.", valueName: "file"))
  var filename: [String] = []
  @Flag(help: "Run the sidecar as an init container that stays (Kubernetes 1.29 and later).")
  var nativeSidecar = false
  @Flag(help: "Refuse what would let a workload get around the capture instead of warning of it.")
  var strict = false
  @Flag(help: "Take away what inject added.")
  var remove = false
  @Option(help: ArgumentHelp("The image of portarium-init.", valueName: "image"))
  var initImage: String?
  @Option(help: ArgumentHelp("The image of portarium-sidecar.", valueName: "image"))
  var sidecarImage: String?
  @Option(help: ArgumentHelp("For both images.", valueName: "Always|IfNotPresent|Never"))
  var imagePullPolicy: String?
  @Option(help: ArgumentHelp("The ConfigMap with the document.", valueName: "name"))
  var configMap = "portarium"

  func run() throws {
    let options = try options()
    var results: [[UInt8]] = []
    var errors: [Diagnostic] = []
    for name in filename.isEmpty ? ["-"] : filename {
      let manifest = try ManifestFile.read(name)
      let title = ManifestFile.title(name)
      do throws(Injection.Failure) {
        let result =
          try remove
          ? Injection.remove(manifest, file: title)
          : Injection.inject(manifest, file: title, options: options)
        warn(result.warnings)
        if result.podCount == 0 {
          warn("\(title): \(remove ? "inject added nothing to it" : "there is no pod in it")")
        }
        results.append(result.bytes)
      } catch {
        warn(error.warnings)
        errors += error.errors
      }
    }
    // One bad manifest and nothing is written: half of them would look like all.
    guard errors.isEmpty else {
      throw Failure(.badInput, errors.map(\.description).joined(separator: "\n"))
    }
    try StandardStream.output.write(bytes: Injection.joined(results))
  }

  private func options() throws -> InjectionOptions {
    var options = InjectionOptions()
    options.nativeSidecar = nativeSidecar
    options.strict = strict
    if let initImage { options.initImage = try image(initImage, "--init-image") }
    if let sidecarImage { options.sidecarImage = try image(sidecarImage, "--sidecar-image") }
    if let imagePullPolicy {
      guard let policy = InjectionOptions.ImagePullPolicy(rawValue: imagePullPolicy) else {
        throw ValidationError(
          "--image-pull-policy is Always, IfNotPresent or Never, not \"\(imagePullPolicy)\"")
      }
      options.imagePullPolicy = policy
    }
    guard InjectionOptions.isObjectName(configMap) else {
      throw ValidationError("--config-map: \"\(configMap)\" is no name of a ConfigMap")
    }
    options.configMap = configMap
    return options
  }

  private func image(_ text: String, _ option: String) throws -> String {
    guard InjectionOptions.isImage(text) else {
      throw ValidationError("\(option): \"\(text)\" is no name of an image")
    }
    return text
  }

  private func warn(_ warnings: [Diagnostic]) {
    for warning in warnings { warn(warning.description) }
  }

  private func warn(_ text: String) {
    // Where nobody takes it, there is nobody to warn.
    try? StandardStream.error.write("portarium-init: warning: \(text)\n")
  }
}
