// swift-tools-version: 6.2
import PackageDescription

// The benchmarks that call the product's modules. `Sources` and `SeededRandom` are links into the
// product's tree: a package takes nothing from outside of its directory, and shows what is `package`
// to nobody else. So the modules are compiled here once more, as they are for release.

/// As for the product's targets.
let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
]

func system(_ name: String, pkgConfig: String) -> Target {
  .systemLibrary(name: name, path: "Sources/\(name)", pkgConfig: pkgConfig)
}

func library(
  _ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil,
  settings: [SwiftSetting] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: path ?? "Sources/\(name)",
    swiftSettings: strict + settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency], path: String) -> Target {
  .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

let package = Package(
  name: "portarium-benchmarks",
  products: ["Decide", "Record", "Micro"].map { .executable(name: $0, targets: [$0]) },
  targets: [
    .target(name: "CLinux", path: "Sources/CLinux"),
    system("CYAML", pkgConfig: "yaml-0.1"),
    system("CIDN2", pkgConfig: "libidn2"),
    system("CPSL", pkgConfig: "libpsl"),
    library("Addressing", ["CIDN2"]),
    library("Wire"),
    library("Policy", ["Addressing", "CPSL"]),
    library("Configuration", ["CYAML", "Addressing", "Policy"]),
    library("Telemetry", ["Addressing", "Policy"]),
    library("Kernel", ["CLinux", "Addressing"]),
    // The audit's queue and writer are nobody else's affair: `Record` sees them as tests do.
    library(
      "DataPlane", ["Wire", "Policy", "Telemetry", "Kernel", "Addressing"],
      settings: [.unsafeFlags(["-enable-testing"])]),

    .target(name: "CAllocations", path: "CAllocations"),
    library("SeededRandom", path: "SeededRandom"),
    library("Reporting", ["Kernel"], path: "reporting"),
    library(
      "Samples", ["Addressing", "Configuration", "Policy", "Telemetry", "SeededRandom"],
      path: "samples"),
    program(
      "Decide", ["Addressing", "CAllocations", "Policy", "Reporting", "Samples", "SeededRandom"],
      path: "policy"),
    program(
      "Record",
      ["CAllocations", "DataPlane", "Kernel", "Samples", "Telemetry"], path: "audit"),
    program(
      "Micro",
      [
        "Addressing", "CAllocations", "Kernel", "Policy", "Reporting", "Samples", "SeededRandom",
        "Telemetry", "Wire",
      ],
      path: "microbenchmarks"),
  ]
)
