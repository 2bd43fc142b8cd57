// swift-tools-version: 6.2

import PackageDescription

// The mesh beside what else carries calls between two processes: `dev/bench-mesh.sh` builds and runs it.
// The mesh is compiled here from its own sources (`Sources/Shared` is a link), so that nothing else of the product is built.

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

func shared(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/Shared/\(name)", swiftSettings: swiftSettings)
}

let package = Package(
    name: "duet",
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2")
    ],
    targets: [
        .systemLibrary(name: "CNng", path: "Sources/Shared/CNng", providers: [.apt(["libnng-dev"])]),
        .target(name: "CLinux", path: "Sources/Shared/CLinux"),
        .target(
            name: "CMeshMessages", path: "Sources/Shared/CMeshMessages", linkerSettings: [.linkedLibrary("protobuf-c")]),
        shared("Telemetry", [logging]),
        shared("Mesh", ["CNng", "CLinux", "Telemetry", logging]),
        shared("MeshAPI", ["CMeshMessages", "Mesh"]),
        .target(name: "BenchClock"),
        .executableTarget(name: "bench-raw", dependencies: ["BenchClock"]),
        .executableTarget(name: "bench-nng", dependencies: ["BenchClock"], linkerSettings: [.linkedLibrary("nng")]),
        .executableTarget(
            name: "bench-duet", dependencies: ["BenchClock", "Mesh", "MeshAPI", logging], swiftSettings: swiftSettings),
        .executableTarget(name: "bench-mesh", swiftSettings: swiftSettings),
    ],
    cLanguageStandard: .gnu17
)
