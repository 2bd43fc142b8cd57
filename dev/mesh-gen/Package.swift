// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "mesh-gen",
    targets: [
        .target(name: "CDescriptor", linkerSettings: [.linkedLibrary("protobuf-c")]),
        .executableTarget(
            name: "mesh-gen",
            dependencies: ["CDescriptor"],
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .strictMemorySafety(),
                .treatAllWarnings(as: .error),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]
        ),
    ],
    cLanguageStandard: .c17
)
