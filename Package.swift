// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

/// A target of ours; every Swift target has the same settings.
func target(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of a target; LeakCheck fails them when they leave anything open.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: dependencies + ["LeakCheck", "TestSupport"],
        swiftSettings: settings)
}

let package = Package(
    name: "weir",
    products: [
        .executable(name: "weir", targets: ["weir"]),
        .library(name: "WeirClient", targets: ["WeirClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // C: headers and shims; the kernels of CBytes are the only logic.
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .target(name: "CBytes"),
        .target(name: "CLinux"),

        // Leaves.
        target("System", ["CLinux"]),
        target("Metrics"),
        target("Crypto", ["COpenSSL"]),
        target("TLS", ["COpenSSL"]),
        target("HTTP", ["CNGHTTP2", "Metrics"]),
        target("Reactor", ["System", "Metrics", "CLinux"]),
        target("Wire", ["CBytes"]),

        // TLS on a socket.
        target("Transport", ["TLS", "Reactor", "System"]),

        // The protocol, who may speak it, the log, and what the log's control entries make.
        target("Kinesis", ["Wire", "Crypto"]),
        target("Access", ["Wire"]),
        target("ShardLog", ["System", "Metrics", "CLinux", "CBytes"]),
        target("Catalog", ["ShardLog", "Kinesis"]),

        // One request, one record, one subscription; the process around it; the client.
        target(
            "Gateway",
            [
                "Catalog", "ShardLog", "Kinesis", "Access", "Wire", "HTTP", "TLS", "Reactor",
                "Metrics", "System",
            ]),
        target(
            "Server",
            [
                "Gateway", "Catalog", "ShardLog", "Kinesis", "Wire", "Crypto", "TLS", "Reactor",
                "Metrics", "System",
                .product(name: "Logging", package: "swift-log"),
            ]),
        target(
            "WeirClient",
            ["Transport", "HTTP", "TLS", "Reactor", "Kinesis", "Wire", "System"]),

        // The program: the benches, and the command line.
        target(
            "Bench",
            [
                "WeirClient", "Transport", "Kinesis", "Wire", "HTTP", "TLS", "Reactor",
                "System", .product(name: "Histogram", package: "hdrhistogram-swift"),
            ]),
        .executableTarget(
            name: "weir",
            dependencies: [
                "Server", "WeirClient", "Bench", "Kinesis", "Wire", "System",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
            ],
            swiftSettings: settings),

        // What is beside all tests.
        .target(name: "LeakCheck", path: "Tests/LeakCheck"),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        .target(
            name: "ServerDouble",
            dependencies: ["Transport", "HTTP", "TLS", "Reactor", "WeirClient"],
            path: "Tests/ServerDouble", swiftSettings: settings),

        tests("System", ["System"]),
        tests("Metrics", ["Metrics"]),
        tests("Crypto", ["Crypto"]),
        tests("TLS", ["TLS"]),
        tests("HTTP", ["HTTP", "Metrics"]),
        tests("Reactor", ["Reactor", "System"]),
        tests("Wire", ["Wire", "CBytes"]),
        tests("Transport", ["Transport", "TLS", "Reactor", "System"]),
        tests("Kinesis", ["Kinesis", "Wire", "Crypto"]),
        tests("Access", ["Access", "Wire", "Crypto"]),
        tests("ShardLog", ["ShardLog", "CBytes", "System", "Metrics"]),
        tests("Catalog", ["Catalog", "ShardLog", "Kinesis", "System"]),
        tests(
            "Gateway",
            [
                "Gateway", "WeirClient", "Catalog", "ShardLog", "Kinesis", "Wire", "HTTP", "TLS",
                "Reactor", "Metrics", "System",
            ]),
        tests(
            "WeirClient",
            ["WeirClient", "ServerDouble", "HTTP", "Reactor", "Kinesis", "Wire"]),
        tests("weir", ["weir", "ServerDouble", "WeirClient", "Server", "Kinesis"]),
        tests("Bench", ["Bench", "Kinesis", "Wire", "System"]),
        tests(
            "Server",
            [
                "Server", "Gateway", "ShardLog", "TLS", "System",
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests("Tidy", []),
    ],
    swiftLanguageModes: [.v6]
)
