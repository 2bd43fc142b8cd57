// swift-tools-version: 6.2

import PackageDescription

// The decoders of the wire as a library that libFuzzer calls: `dev/fuzz.sh` builds it with its sanitizers and links it.

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
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
    products: [.library(name: "FuzzDecoders", type: .static, targets: ["FuzzDecoders"])],
    dependencies: [.package(url: "https://github.com/apple/swift-log", from: "1.16.2")],
    targets: [
        .systemLibrary(name: "CNng", path: "Sources/Shared/CNng", providers: [.apt(["libnng-dev"])]),
        .target(name: "CLinux", path: "Sources/Shared/CLinux"),
        .target(name: "CMeshMessages", path: "Sources/Shared/CMeshMessages"),
        shared("Telemetry", [logging]),
        shared("Mesh", ["CNng", "CLinux", "Telemetry", logging]),
        shared("MeshAPI", ["CMeshMessages", "Mesh"]),
        .target(name: "FuzzDecoders", dependencies: ["Mesh", "MeshAPI"], swiftSettings: swiftSettings),
    ],
    cLanguageStandard: .gnu17
)
