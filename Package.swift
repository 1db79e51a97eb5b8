// swift-tools-version: 6.2
import PackageDescription

/// Every target is held to the same rules: unsafe code is marked where it stands, warnings are
/// errors, an import is internal unless it says otherwise.
let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
]

/// A C library of the system, seen through its module map and nothing else.
func system(_ name: String, pkgConfig: String? = nil, package: String? = nil) -> Target {
  .systemLibrary(
    name: name, path: "Sources/\(name)", pkgConfig: pkgConfig,
    providers: package.map { [.apt([$0])] })
}

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// Who may know whom. The table in docs/architecture.md says why.
let package = Package(
  name: "portarium",
  products: [
    .executable(name: "portarium-init", targets: ["portarium-init"]),
    .executable(name: "portarium-sidecar", targets: ["portarium-sidecar"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
  ],
  targets: [
    .target(name: "CLinux"),
    system("CNetfilter", pkgConfig: "libnftnl", package: "libnftnl-dev libmnl-dev"),
    system("CYAML", pkgConfig: "yaml-0.1", package: "libyaml-dev"),
    system("CIDN2", pkgConfig: "libidn2", package: "libidn2-dev"),
    system("CPSL", pkgConfig: "libpsl", package: "libpsl-dev"),
    system("COpenSSL", pkgConfig: "libssl", package: "libssl-dev"),

    library("Addressing", ["CIDN2"]),
    library("Wire"),
    library("Policy", ["Addressing", "CPSL"]),
    library("Configuration", ["CYAML", "Addressing", "Policy"]),
    library("Telemetry", ["Addressing", "Policy"]),
    library("PolicyAnalysis", ["Addressing", "Policy", "Telemetry"]),
    library("Injection", ["Configuration"]),
    library("Kernel", ["CLinux", "Addressing"]),
    library("TLS", ["COpenSSL", "Addressing", "Kernel"]),
    library("Capture", ["CNetfilter", "Kernel", "Addressing", "Configuration"]),
    library("DataPlane", ["Wire", "Policy", "Telemetry", "Kernel", "TLS", "Addressing"]),
    library(
      "ControlPlane",
      [
        "Addressing", "Configuration", "Kernel", "Policy", "TLS", "Telemetry",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
      ]),

    .executableTarget(
      name: "portarium-init",
      dependencies: [
        "Addressing", "Capture", "Configuration", "Injection", "Kernel",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "portarium-sidecar",
      dependencies: [
        "Addressing", "Configuration", "ControlPlane", "DataPlane", "Kernel", "Policy",
        "PolicyAnalysis", "Telemetry",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),

    .testTarget(
      name: "AddressingTests", dependencies: ["Addressing", "SeededRandom"],
      swiftSettings: strict),
    .testTarget(
      name: "WireTests", dependencies: ["Wire", "WireProperties", "SeededRandom"],
      swiftSettings: strict),
    .testTarget(
      name: "PolicyTests", dependencies: ["Policy", "Addressing", "SeededRandom"],
      swiftSettings: strict),
    .testTarget(
      name: "ConfigurationTests", dependencies: ["Configuration", "Policy", "Addressing"],
      swiftSettings: strict),
    .testTarget(
      name: "TelemetryTests", dependencies: ["Telemetry", "Policy", "Addressing", "SeededRandom"],
      swiftSettings: strict),
    .testTarget(
      name: "PolicyAnalysisTests",
      dependencies: [
        "PolicyAnalysis", "Configuration", "Policy", "Telemetry", "Addressing", "SeededRandom",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "InjectionTests", dependencies: ["Injection", "Configuration", "SeededRandom"],
      exclude: ["Manifests"], swiftSettings: strict),
    .testTarget(
      name: "CaptureTests",
      dependencies: ["Capture", "Configuration", "Addressing", "SeededRandom"],
      swiftSettings: strict),
    .testTarget(
      name: "TLSTests",
      dependencies: ["TLS", "COpenSSL", "Kernel", "Addressing", "SeededRandom", "TestNetwork"],
      exclude: ["Scripts"], swiftSettings: strict),
    .testTarget(
      name: "DataPlaneTests",
      dependencies: [
        "DataPlane", "Wire", "Policy", "Telemetry", "Kernel", "TLS", "Addressing", "SeededRandom",
        "TestNetwork",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ControlPlaneTests",
      dependencies: [
        "ControlPlane", "Configuration", "Kernel", "TLS", "Telemetry", "Policy", "Addressing",
        "TestNetwork",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"),
      ],
      swiftSettings: strict),
    .target(
      name: "WireProperties", dependencies: ["Wire", "SeededRandom"], path: "Fuzz/Properties",
      swiftSettings: strict),
    .target(name: "SeededRandom", path: "Tests/SeededRandom", swiftSettings: strict),
    .target(
      name: "TestNetwork", path: "Tests/TestNetwork", exclude: ["Scripts"],
      swiftSettings: strict),
    .testTarget(
      name: "IntegrationTests",
      dependencies: [
        "Addressing", "Capture", "Configuration", "Kernel", "SeededRandom", "TestNetwork",
        "portarium-init", "portarium-sidecar",
      ],
      swiftSettings: strict),
  ]
)
