// swift-tools-version: 6.2

import PackageDescription

// grpc-swift-2 as a contestant: a package of its own, as it takes minutes to build.

let package = Package(
    name: "bench-grpc-swift",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
    ],
    targets: [
        .target(name: "BenchClock"),
        .executableTarget(
            name: "bench-grpc-swift",
            dependencies: [
                "BenchClock", .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
            ]),
    ],
    cLanguageStandard: .gnu17
)
