// swift-tools-version: 6.2

import PackageDescription

// MARK: Settings

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

// MARK: External products

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let jwtKit = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

// MARK: Target builders

func shared(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/Shared/\(name)", swiftSettings: swiftSettings)
}

/// A service is a library that holds everything, and an executable that holds `main` only.
func service(_ name: String, _ dependencies: [Target.Dependency]) -> [Target] {
    [
        .target(
            name: "\(name)Core",
            dependencies: dependencies,
            path: "Sources/\(name)/Core",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: name,
            dependencies: [
                .target(name: "\(name)Core"), "Domain", "Mesh", "MeshAPI", "Postgres", "Redis", "ServiceRuntime", "Storage", "Telemetry",
                lifecycle, logging,
            ],
            path: "Sources/\(name)/Main",
            swiftSettings: swiftSettings
        ),
    ]
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.target(name: name), "TestKit"] + dependencies,
        swiftSettings: swiftSettings
    )
}

let package = Package(
    name: "duet",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // MARK: C
        .systemLibrary(name: "CHiredis", path: "Sources/Shared/CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(
            name: "CLibPQ", path: "Sources/Shared/CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CNng", path: "Sources/Shared/CNng", providers: [.apt(["libnng-dev"])]),
        .systemLibrary(name: "COpenBLAS", path: "Sources/Shared/COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
        .target(name: "CKernels", path: "Sources/Shared/CKernels"),
        .target(
            name: "CMeshMessages", path: "Sources/Shared/CMeshMessages",
            linkerSettings: [.linkedLibrary("protobuf-c")]),
        .target(name: "CLinux", path: "Sources/Shared/CLinux"),
        // Its files are embedded; deploy/setup.sh fetches them.
        .target(name: "CSwaggerUI", path: "Sources/Gateway/CSwaggerUI", exclude: ["assets"]),
        .target(name: "CDashboard", path: "Sources/Gateway/CDashboard", exclude: ["assets"]),

        // MARK: Shared
        shared("Domain"),
        shared("LinearMath", ["CKernels"]),
        shared("Features", ["Domain", "LinearMath"]),
        shared("Models", ["Domain", "Features", "LinearMath", crypto]),
        shared("Training", ["COpenBLAS", "CKernels", "LinearMath"]),
        shared("Simulation", ["Domain", "LinearMath"]),
        shared("VectorIndex", ["CKernels", "LinearMath"]),
        shared("Mesh", ["CNng", "CLinux", "Telemetry", logging, lifecycle]),
        shared("MeshAPI", ["CMeshMessages", "Mesh"]),
        shared("Reactor", ["CLinux"]),
        shared("Postgres", ["CLibPQ", "Reactor", "Telemetry", crypto, logging]),
        shared("Redis", ["CHiredis", "Reactor", "Telemetry", logging]),
        shared("Storage", ["Domain", "Postgres", "Redis", crypto, logging]),
        shared("DataExchange", ["Domain", "Postgres", "Reactor", "Storage", crypto, logging]),
        shared("Telemetry", [logging]),
        shared("ServiceRuntime", ["CLinux", "Mesh", "MeshAPI", "Telemetry", hummingbird, lifecycle, logging, nioCore, nioPosix, unixSignals]),
    ]
        // MARK: Services
        + service(
            "CandidateSvc", ["Domain", "Features", "LinearMath", "MeshAPI", "Models", "Telemetry", "VectorIndex", lifecycle, logging])
        + service("FeatureSvc", ["Domain", "Features", "LinearMath", "MeshAPI", "Models", "Telemetry", lifecycle, logging])
        + service("RankingSvc", ["Domain", "Features", "LinearMath", "MeshAPI", "Models", "Telemetry", lifecycle, logging])
        + service(
            "Gateway",
            [
                "CDashboard", "CSwaggerUI", "Domain", "Mesh", "MeshAPI", "Overview", "ServiceRuntime", "Telemetry", crypto, httpTypes, hummingbird,
                hummingbirdCore,
                lifecycle, logging, nioCore, nioHTTP1, nioHTTPTypes, nioPosix,
            ])
        + [
            // MARK: Tools
            .target(
                name: "Trainer",
                dependencies: [
                    "Domain", "Features", "LinearMath", "Models", "Simulation", "Storage", "Training", "VectorIndex", logging,
                ],
                swiftSettings: swiftSettings),
            .target(
                name: "Supervision", dependencies: ["CLinux", logging],
                path: "Sources/CLI/Supervision", swiftSettings: swiftSettings),
            .target(name: "Overview", path: "Sources/CLI/Overview", swiftSettings: swiftSettings),
            .executableTarget(
                name: "duet",
                dependencies: [
                    "DataExchange", "Domain", "Mesh", "MeshAPI", "Models", "Overview", "Postgres", "Redis", "ServiceRuntime", "Simulation",
                    "Storage", "Supervision", "Telemetry", "Trainer", "Training", argumentParser, hummingbird, jwtKit, logging,
                ],
                path: "Sources/CLI/Main", swiftSettings: swiftSettings),

            // MARK: Tests
            .target(
                name: "TestKit", dependencies: ["Domain", "Postgres", "Redis", "CLinux", logging],
                path: "Tests/TestKit", swiftSettings: swiftSettings),
            tests("Domain", ["LinearMath"]), tests("LinearMath", ["CKernels"]), tests("Features"), tests("Models", ["LinearMath"]),
            tests("Training", ["LinearMath"]),
            tests("Simulation"), tests("VectorIndex", ["LinearMath"]),
            tests("Mesh", ["CLinux", "Telemetry"]), tests("MeshAPI"), tests("Reactor"), tests("Postgres", ["Telemetry"]),
            tests("Redis", ["Telemetry"]),
            tests("Storage", ["LinearMath"]), tests("DataExchange"),
            tests("Telemetry"), tests("ServiceRuntime", ["Mesh", "MeshAPI", "Telemetry"]), tests("Supervision"), tests("Overview"), tests("Trainer"),
            tests("CandidateSvcCore"), tests("FeatureSvcCore"), tests("RankingSvcCore"), tests("GatewayCore", ["LinearMath", crypto]),
            .testTarget(
                name: "PipelineTests",
                dependencies: [
                    "CandidateSvcCore", "Domain", "FeatureSvcCore", "GatewayCore", "Mesh", "MeshAPI", "Models", "RankingSvcCore",
                    "Postgres", "Redis", "Simulation", "Storage", "Telemetry", "TestKit", "Trainer", httpTypes, hummingbird, logging,
                ],
                swiftSettings: swiftSettings),
            .testTarget(
                name: "EndToEndTests",
                dependencies: [
                    "TestKit", "CandidateSvc", "FeatureSvc", "Gateway", "Mesh", "MeshAPI", "RankingSvc", "duet",
                ], swiftSettings: swiftSettings),
        ],
    cLanguageStandard: .c17
)
