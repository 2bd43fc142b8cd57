// swift-tools-version: 6.2

import PackageDescription

// What the copies of stage 1 cost in memory, and how fast the log rebuilds them: `dev/bench-copies.sh` builds and runs it.
// Only what it needs of the product is built, from the product's own sources.

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

func target(_ name: String, _ dependencies: [Target.Dependency], at path: String? = nil) -> Target {
    .target(name: name, dependencies: dependencies, path: path ?? "Sources/Shared/\(name)", swiftSettings: swiftSettings)
}

let package = Package(
    name: "duet",
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CNng", path: "Sources/Shared/CNng", providers: [.apt(["libnng-dev"])]),
        .target(name: "CKernels", path: "Sources/Shared/CKernels"),
        .target(name: "CLinux", path: "Sources/Shared/CLinux"),
        .target(name: "CMeshMessages", path: "Sources/Shared/CMeshMessages", linkerSettings: [.linkedLibrary("protobuf-c")]),
        target("Domain", []),
        target("LinearMath", ["CKernels"]),
        target("Features", ["Domain", "LinearMath"]),
        target("Models", ["Domain", "Features", "LinearMath", crypto]),
        target("VectorIndex", ["LinearMath", "CKernels"]),
        target("Telemetry", [logging]),
        target("Mesh", ["CLinux", "CNng", "Telemetry", lifecycle, logging]),
        target("MeshAPI", ["CMeshMessages", "Mesh"]),
        target(
            "CandidateSvcCore",
            ["Domain", "Features", "LinearMath", "MeshAPI", "Models", "Telemetry", "VectorIndex", lifecycle, logging],
            at: "Sources/CandidateSvc/Core"),
        .executableTarget(
            name: "bench-copies", dependencies: ["CandidateSvcCore", "Domain", "LinearMath", logging], path: "Bench",
            swiftSettings: swiftSettings),
    ],
    cLanguageStandard: .c17
)
