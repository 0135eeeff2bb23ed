// swift-tools-version: 6.2
import PackageDescription

/// Settings that every target shares; see ARCHITECTURE.md, "Settings".
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Targets that touch raw bytes spell each `unsafe` out.
let byteLevel: [SwiftSetting] = strict + [.strictMemorySafety()]

func module(
    _ name: String, in folder: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = strict
) -> Target {
    .target(name: name, dependencies: dependencies, path: "\(folder)/\(name)", swiftSettings: settings)
}

func program(_ name: String, in folder: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: "\(folder)/\(name)", swiftSettings: strict)
}

func tests(_ subject: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(subject)Tests", dependencies: [.init(stringLiteral: subject)] + dependencies,
        path: "Tests/\(subject)Tests", swiftSettings: strict)
}

let core: [Target] = [
    .systemLibrary(name: "CZstd", path: "Core/CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CZlib", path: "Core/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
        name: "CCurl", path: "Core/CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CYaml", path: "Core/CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(
        name: "CSystemd", path: "Core/CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
    .systemLibrary(
        name: "COpenSSL", path: "Core/COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .target(name: "CByteShims", path: "Core/CByteShims"),
    .target(name: "CSocketShims", path: "Core/CSocketShims"),
    module("ByteCoding", in: "Core", ["CByteShims"], settings: byteLevel),
    module("LogModel", in: "Core", ["ByteCoding"], settings: byteLevel),
    module("ZstdCodec", in: "Core", ["CZstd"], settings: byteLevel),
    module("LineFormats", in: "Core", ["LogModel", "ByteCoding", "CByteShims"], settings: byteLevel),
    module("WireProtocol", in: "Core", ["LogModel", "ByteCoding"], settings: byteLevel),
    .target(name: "CPosixShims", path: "Core/CPosixShims"),
    module("SystemIO", in: "Core", ["CPosixShims"], settings: byteLevel),
    module("GzipCodec", in: "Core", ["CZlib", "SystemIO"], settings: byteLevel),
    module("Workers", in: "Core", ["CPosixShims"]),
    module("Journal", in: "Core", ["ByteCoding", "SystemIO", "Workers"], settings: byteLevel),
    module("CurlTransport", in: "Core", ["CCurl"]),
    module("SystemdJournal", in: "Core", ["CSystemd"]),
    module("ServerTLS", in: "Core", ["COpenSSL"]),
    module("ChildPrograms", in: "Core", ["CPosixShims"]),
    module("Settings", in: "Core", ["CYaml"]),
    module("Diagnostics", in: "Core"),
    tests("ByteCoding", ["TestSupport"]),
    tests("CurlTransport", ["TestSupport"]),
    tests("Settings"),
    tests("Diagnostics"),
    tests("LogModel", ["TestSupport"]),
    tests("ZstdCodec", ["TestSupport"]),
    tests("SystemIO", ["TestSupport"]),
    tests("GzipCodec", ["TestSupport", "SystemIO"]),
    tests("Workers", ["SystemIO"]),
    tests("Journal", ["TestSupport", "ByteCoding", "SystemIO", "Workers", "journal-torture"]),
    program("journal-torture", in: "Tests", ["Journal", "Workers"]),
    tests("LineFormats", ["TestSupport", "LogModel", "ByteCoding"]),
    tests("WireProtocol", ["TestSupport", "LogModel", "ByteCoding"]),
    .target(
        name: "CRegexShims", path: "Core/CRegexShims",
        linkerSettings: [.linkedLibrary("re2"), .linkedLibrary("stdc++")]),
    module("RegularExpressions", in: "Core", ["CRegexShims"], settings: byteLevel),
    tests("RegularExpressions"),
    module("QueryLanguage", in: "Core", ["LogModel", "ByteCoding", "RegularExpressions"]),
    tests("QueryLanguage", ["TestSupport", "LogModel", "RegularExpressions"]),
]

/// The HTTP server; CollectorHTTP is the only target that imports it.
let httpServer: [Target.Dependency] = [
    .product(name: "HummingbirdCore", package: "hummingbird"),
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "HTTPTypes", package: "swift-http-types"),
    .product(name: "Logging", package: "swift-log"),
]

let collector: [Target] = [
    module("StoreFormat", in: "Collector", ["LogModel", "ByteCoding", "ZstdCodec"], settings: byteLevel),
    module("SegmentCatalog", in: "Collector", ["SystemIO", .product(name: "GRDB", package: "GRDB.swift")]),
    tests("SegmentCatalog", ["TestSupport", "SystemIO", .product(name: "GRDB", package: "GRDB.swift")]),
    module("ObjectStores", in: "Collector", ["ByteCoding", "SystemIO", "Workers"]),
    module("StoragePolicy", in: "Collector", ["LogModel", "SegmentCatalog"]),
    module(
        "StoreEngine", in: "Collector",
        ["ObjectStores", "SegmentCatalog", "StoreFormat", "LogModel", "ByteCoding", "SystemIO", "Workers"]),
    module(
        "StorageKeeping", in: "Collector",
        [
            "StoragePolicy", "StoreEngine", "StoreFormat", "SegmentCatalog", "ObjectStores", "LogModel", "Diagnostics",
            "SystemIO", "Workers",
        ]),
    module(
        "QueryEngine", in: "Collector",
        [
            "QueryLanguage", "RegularExpressions", "StoreFormat", "LogModel", "ByteCoding", "LineFormats", "Workers",
        ]),
    module(
        "CollectorIngest", in: "Collector",
        ["LogModel", "ByteCoding", "ZstdCodec", "LineFormats", "WireProtocol", "Journal", "SystemIO", "Workers"]),
    module("LiveTail", in: "Collector", ["LogModel", "ByteCoding", "SystemIO", "Workers"]),
    module("SavedState", in: "Collector", ["LineFormats", "SystemIO", "Workers"]),
    tests("SavedState", ["TestSupport", "LineFormats", "SystemIO"]),
    module("AgentTracking", in: "Collector", ["SavedState", "LineFormats", "LogModel", "SystemIO", "Workers"]),
    tests("AgentTracking", ["TestSupport", "LineFormats", "SystemIO"]),
    module("GapTracking", in: "Collector", ["SavedState", "LineFormats", "SystemIO", "Workers"]),
    tests("GapTracking", ["TestSupport", "LineFormats", "SystemIO"]),
    module("QueryAdmission", in: "Collector"),
    tests("QueryAdmission", ["TestSupport"]),
    module(
        "CollectorHTTP", in: "Collector",
        [
            "AgentTracking", "CollectorIngest", "GapTracking", "LiveTail", "QueryAdmission", "QueryEngine",
            "StorageKeeping", "StoragePolicy", "StoreEngine",
            "StoreFormat", "SegmentCatalog", "ObjectStores", "QueryLanguage", "Journal", "LogModel", "ByteCoding",
            "LineFormats", "WireProtocol", "SystemIO", "Workers", "Diagnostics",
        ] + httpServer),
    module(
        "StoreCheck", in: "Collector",
        ["ByteCoding", "Journal", "LineFormats", "LogModel", "SegmentCatalog", "StoreFormat", "SystemIO"]),
    tests("StoreCheck", ["TestSupport", "ByteCoding", "Journal", "LogModel", "StoreFormat", "SystemIO"]),
    module(
        "CollectorRuntime", in: "Collector",
        [
            "AgentTracking", "CollectorHTTP", "CollectorIngest", "GapTracking", "LiveTail", "QueryAdmission",
            "QueryEngine", "StorageKeeping", "StoragePolicy",
            "StoreCheck", "StoreEngine", "Journal", "ObjectStores", "SegmentCatalog", "LineFormats", "LogModel",
            "Settings", "Diagnostics", "SystemIO", "Workers",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ]),
    program("lodge-collector", in: "Collector", ["CollectorRuntime"]),
    tests(
        "CollectorIngest",
        ["TestSupport", "LogModel", "ByteCoding", "ZstdCodec", "LineFormats", "WireProtocol", "Journal", "SystemIO"]),
    tests("LiveTail", ["LogModel", "ByteCoding", "SystemIO"]),
    tests(
        "CollectorHTTP",
        [
            "TestSupport", "LineFormats", "LogModel", "QueryEngine", "QueryLanguage",
            .product(name: "NIOCore", package: "swift-nio"),
        ]),
    tests(
        "CollectorRuntime",
        [
            "TestSupport",
            "CollectorAPI", "CollectorHTTP", "CollectorIngest", "ConsoleClient", "Diagnostics", "Journal",
            "LineFormats", "LogModel", "QueryAdmission", "Settings",
            "StoragePolicy", "StoreEngine", "SystemIO", "Workers", "ZstdCodec",
        ]),
    tests("ObjectStores", ["TestSupport", "ByteCoding", "SystemIO", "Workers"]),
    tests(
        "StorageKeeping",
        [
            "TestSupport",
            "StoragePolicy", "StoreEngine", "StoreFormat", "SegmentCatalog", "ObjectStores", "LogModel", "Diagnostics",
            "SystemIO",
        ]),
    tests("StoragePolicy", ["TestSupport", "LogModel", "SegmentCatalog"]),
    tests("StoreFormat", ["StoreTestSupport", "TestSupport", "LogModel", "ByteCoding"]),
    program(
        "lodge-bench", in: "Tests",
        [
            "AgentPipeline", "ByteCoding", "LineFormats", "LogModel", "QueryEngine", "QueryLanguage",
            "RegularExpressions", "SegmentCatalog", "StoreEngine", "StoreFormat", "SystemIO", "WireProtocol",
            "ZstdCodec", "StoreTestSupport", "TestSupport",
        ]),
    tests(
        "QueryEngine",
        ["StoreTestSupport", "TestSupport", "QueryLanguage", "StoreFormat", "LogModel", "ByteCoding", "LineFormats"]),
    tests(
        "StoreEngine",
        [
            "TestSupport",
            "ObjectStores", "SegmentCatalog", "StoreFormat", "LogModel", "SystemIO", "Workers", "QueryEngine",
            "QueryLanguage",
        ]),
    .testTarget(
        name: "QueryModelTests",
        dependencies: [
            "TestSupport", "ByteCoding", "LineFormats", "LogModel", "ObjectStores", "QueryEngine", "QueryLanguage",
            "RegularExpressions", "SegmentCatalog", "StoreEngine", "StoreFormat", "SystemIO",
        ],
        path: "Tests/QueryModelTests", swiftSettings: strict),
]

let agent: [Target] = [
    module("AgentPipeline", in: "Agent", ["LineFormats", "LogModel", "ByteCoding", "RegularExpressions"]),
    module("AgentInputs", in: "Agent", ["AgentPipeline", "GzipCodec", "SystemIO", "ByteCoding"]),
    module(
        "AgentChecks", in: "Agent",
        ["ChildPrograms", "CurlTransport", "SystemIO", "Workers", "LineFormats", "LogModel", "ByteCoding"]),
    tests("AgentChecks", ["TestSupport", "CurlTransport", "LineFormats", "LogModel", "SystemIO", "Workers"]),
    module("AgentOperation", in: "Agent", ["LineFormats", "LogModel", "SystemIO", "Workers"]),
    tests("AgentOperation", ["TestSupport", "LineFormats", "LogModel"]),
    module(
        "AgentStreams", in: "Agent",
        [
            "AgentPipeline", "ChildPrograms", "CPosixShims", "CSocketShims", "ServerTLS", "SystemdJournal",
            "Diagnostics", "SystemIO", "Workers", "LineFormats", "LogModel",
            "ByteCoding",
        ]),
    module(
        "AgentDelivery", in: "Agent",
        [
            "AgentPipeline", "Journal", "SystemIO", "Workers", "CurlTransport", "ZstdCodec", "WireProtocol", "LogModel",
            "LineFormats", "ByteCoding", "Diagnostics",
        ]),
    module(
        "AgentRuntime", in: "Agent",
        [
            "AgentChecks", "AgentInputs", "AgentOperation", "AgentPipeline", "AgentStreams", "AgentDelivery",
            "ChildPrograms", "CurlTransport", "RegularExpressions", "ServerTLS", "Settings", "Diagnostics", "SystemIO",
            "Workers", "Journal",
            "LineFormats", "LogModel", "ByteCoding", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ]),
    program("lodge-agent", in: "Agent", ["AgentRuntime"]),
    tests("AgentPipeline", ["TestSupport", "LineFormats", "LogModel", "RegularExpressions"]),
    tests(
        "AgentDelivery",
        [
            "TestSupport",
            "AgentPipeline", "ByteCoding", "CurlTransport", "Diagnostics", "Journal", "LineFormats", "LogModel",
            "SystemIO", "WireProtocol", "Workers", "ZstdCodec",
        ]),
    tests("AgentInputs", ["TestSupport", "AgentPipeline", "SystemIO"]),
    tests(
        "AgentStreams",
        ["TestSupport", "AgentPipeline", "ChildPrograms", "ServerTLS", "Diagnostics", "LogModel", "SystemIO"]),
    tests(
        "AgentRuntime",
        [
            "TestSupport", "AgentChecks", "AgentInputs", "AgentDelivery", "AgentOperation", "AgentPipeline",
            "AgentStreams", "CurlTransport", "Diagnostics", "LogModel", "RegularExpressions", "ServerTLS", "Settings",
            "SystemIO", "Workers",
        ]),
]

let console: [Target] = [
    .target(
        name: "CNcurses", path: "Console/CNcurses",
        linkerSettings: [.linkedLibrary("ncursesw"), .linkedLibrary("tinfo")]),
    module("ScreenModel", in: "Console"),
    module("TerminalIO", in: "Console", ["CNcurses", "ScreenModel"]),
    module("CollectorAPI", in: "Console", ["ByteCoding", "LineFormats", "LogModel"]),
    module("ConsoleModel", in: "Console", ["CollectorAPI", "LogModel", "ScreenModel"]),
    module("ConsoleClient", in: "Console", ["CollectorAPI", "CurlTransport", "LogModel"]),
    module(
        "ConsoleRuntime", in: "Console",
        [
            "ByteCoding", "CollectorAPI", "ConsoleClient", "ConsoleModel", "CurlTransport", "LineFormats", "LogModel",
            "ScreenModel", "SystemIO", "TerminalIO", "Workers",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ]),
    program("lodge", in: "Console", ["ConsoleRuntime"]),
    module("ScreenGoldens", in: "Tests", ["ScreenModel"]),
    tests("ConsoleRuntime", ["LogModel", "CollectorAPI"]),
    tests("CollectorAPI", ["LogModel"]),
    tests("ConsoleModel", ["TestSupport", "CollectorAPI", "LogModel", "ScreenGoldens", "ScreenModel"]),
    tests("ScreenModel", ["TestSupport", "ScreenGoldens"]),
    tests("TerminalIO"),
]

/// What tests of all modules need; what tests of segments need.
let testSupport: [Target] = [
    module("TestSupport", in: "Tests", ["SystemIO"]),
    module("StoreTestSupport", in: "Tests", ["ByteCoding", "StoreFormat"]),
]

/// The three programs as they are, started as processes.
let integration: [Target] = [
    .testTarget(
        name: "IntegrationTests",
        dependencies: [
            "lodge-agent", "lodge-collector", "lodge", "TestSupport", "AgentDelivery", "ByteCoding", "CollectorIngest",
            "CurlTransport",
            "Journal",
            "LineFormats", "LogModel", "StoreEngine", "StoreFormat", "SystemIO", "WireProtocol", "ZstdCodec",
        ],
        path: "Tests/IntegrationTests", swiftSettings: strict)
]

/// Decoders fed with anything; `make fuzz` builds lodge-fuzz a second time, with libFuzzer.
let fuzzers: [Target] = [
    module(
        "FuzzTargets", in: "Tests/Fuzzers",
        [
            "AgentPipeline", "AgentStreams", "ByteCoding", "CollectorHTTP", "Journal", "LineFormats", "LogModel",
            "QueryLanguage",
            "RegularExpressions", "StoreFormat", "StoreTestSupport", "SystemIO", "WireProtocol", "ZstdCodec",
        ]),
    program("lodge-fuzz", in: "Tests/Fuzzers", ["FuzzTargets", "SystemIO"]),
    tests("FuzzTargets", ["TestSupport"]),
]

let package = Package(
    name: "lodge",
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: core + agent + collector + console + testSupport + fuzzers + integration
)
