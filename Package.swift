// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target (design: "Layers and modules").
let house: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// Layers in import order: a module may name modules of its own folder or of folders above it, never below.
enum Layer: String {
    case values = "Values"
    case machines = "Machines"
    case audio = "Audio"
    case edges = "Edges"
    case runtime = "Runtime"
}

/// Real-time code is optimised in debug builds too: unoptimised it cannot keep up with a sound card.
let realTime = house + [.unsafeFlags(["-O"], .when(configuration: .debug))]

func module(
    _ name: String, in layer: Layer, settings: [SwiftSetting] = house, _ dependencies: [Target.Dependency] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(layer.rawValue)/\(name)", swiftSettings: settings)
}

func shim(_ name: String, linking libraries: [String] = [], _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/C/\(name)",
        cSettings: [.unsafeFlags(["-O2", "-Wall", "-Werror"])],
        linkerSettings: libraries.map { .linkedLibrary($0) })
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: ["TestKit"] + dependencies, path: "Tests/\(name)Tests",
        swiftSettings: house)
}

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "switchhook",
    products: [
        .executable(name: "switchhook", targets: ["switchhook"]),
        .executable(name: "echo-trial", targets: ["echo-trial"]),
        .executable(name: "loss-trial", targets: ["loss-trial"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // C: one small target per library, only for what Swift cannot call.
        shim("CLinux"),
        shim("CALSA", linking: ["asound"]),
        shim("COpus", linking: ["opus"]),
        shim("CSRTP", linking: ["srtp2"]),
        .systemLibrary(
            name: "SofiaSIP", path: "Sources/C/SofiaSIP", pkgConfig: "sofia-sip-ua",
            providers: [.apt(["libsofia-sip-ua-dev"])]),
        shim("CSofiaSIP", linking: ["ssl", "crypto"], ["SofiaSIP"]),
        shim("CSpeech", linking: ["espeak-ng"]),
        .systemLibrary(
            name: "PocketSphinx", path: "Sources/C/PocketSphinx", pkgConfig: "pocketsphinx",
            providers: [.apt(["libpocketsphinx-dev"])]),
        shim("CRecognition", linking: ["m"], ["PocketSphinx"]),
        shim("CSoundFile", linking: ["sndfile"]),
        shim("CResampler", linking: ["speexdsp"]),

        // Values
        module("MediaTime", in: .values),
        module("Rings", in: .values, settings: realTime),
        module("WireJSON", in: .values),
        module("CallModel", in: .values, ["MediaTime", "WireJSON"]),
        module("NCCO", in: .values, ["WireJSON", "CallModel"]),
        module("SDP", in: .values),
        module("RTP", in: .values, settings: realTime, ["MediaTime"]),

        // Machines
        module("EdgeProtocols", in: .machines, ["MediaTime", "Rings", "WireJSON", "CallModel", "NCCO"]),
        module(
            "CallControl", in: .machines, ["MediaTime", "WireJSON", "CallModel", "NCCO", "EdgeProtocols"]),

        // Audio (real-time)
        module("AudioGraph", in: .audio, settings: realTime, ["MediaTime", "Rings", "RTP", "CResampler"]),
        module("VoiceCodecs", in: .audio, settings: realTime, ["COpus"]),
        module("VoiceEnhancement", in: .audio, settings: realTime),
        module("SoundDevice", in: .audio, settings: realTime, ["MediaTime", "Rings", "AudioGraph", "CALSA", "CLinux"]),

        // Edges
        module(
            "SIPStack", in: .edges, ["MediaTime", "CallModel", "EdgeProtocols", "CSofiaSIP", "CLinux", log, crypto]),
        module("RTPTransport", in: .edges, settings: realTime, ["MediaTime", "RTP", "SDP", "CLinux", "CSRTP"]),
        module("Tokens", in: .edges, ["MediaTime", "WireJSON", "CallModel", crypto, cryptoExtras]),
        module(
            "HTTPFetch", in: .edges,
            ["MediaTime", "CallModel", "EdgeProtocols", asyncHTTPClient, nioCore, nioPosix, nioHTTP1, nioSSL, log]),
        module(
            "SocketLegs", in: .edges, settings: realTime,
            [
                "Rings", "WireJSON", "CallModel", "EdgeProtocols", "HTTPFetch", "CLinux", nioCore, nioPosix, nioHTTP1,
                nioWebSocket, nioSSL, log, metrics,
            ]),
        module(
            "WebhookClient", in: .edges,
            [
                "MediaTime", "WireJSON", "CallModel", "EdgeProtocols", "HTTPFetch", "Tokens", nioCore, log, metrics,
            ]),
        module("EventStore", in: .edges, ["MediaTime", "WireJSON", "CallModel", "EdgeProtocols", grdb, log, metrics]),
        module(
            "ControlAPI", in: .edges,
            [
                "MediaTime", "WireJSON", "CallModel", "NCCO", "EdgeProtocols", "Tokens", "LiveLink", hummingbird,
                hummingbirdTLS,
                nioCore, nioPosix, nioHTTP1, nioWebSocket, nioSSL, log, metrics, lifecycle,
            ]),
        module(
            "LiveLink", in: .edges, ["MediaTime", "WireJSON", "CallModel", "EdgeProtocols", log, metrics]),
        module(
            "PromptAudio", in: .edges,
            ["MediaTime", "CallModel", "EdgeProtocols", "CSpeech", "CSoundFile", "CResampler", log]),
        module(
            "SpeechRecognition", in: .edges,
            ["MediaTime", "WireJSON", "CallModel", "EdgeProtocols", "PromptAudio", "CRecognition", log]),
        module("ConfigFile", in: .edges, ["MediaTime", "CallModel", "EdgeProtocols", yams]),

        // Runtime
        module(
            "MediaEngine", in: .runtime, settings: realTime,
            [
                "MediaTime", "Rings", "CallModel", "SDP", "RTP", "EdgeProtocols", "AudioGraph", "VoiceCodecs",
                "SoundDevice", "VoiceEnhancement", "RTPTransport", "PromptAudio", "CLinux", log, metrics,
            ]),
        module(
            "ConversationRuntime", in: .runtime,
            ["MediaTime", "WireJSON", "CallModel", "NCCO", "EdgeProtocols", "CallControl", log, metrics]),
        module(
            "TestPhone", in: .runtime,
            [
                "MediaTime", "WireJSON", "CallModel", "EdgeProtocols", "SDP", "RTP", "VoiceCodecs", "SIPStack",
                "PromptAudio", "SpeechRecognition", "AudioGraph", "SoundDevice", "ConfigFile", "CLinux", crypto,
                nioCore, nioPosix, nioHTTP1, nioSSL, log,
            ]),
        module(
            "LatencyLab", in: .runtime, settings: realTime,
            ["MediaTime", "WireJSON", "EdgeProtocols", "Rings", "SoundDevice", "TestPhone", "CLinux", log]),
        module(
            "SwitchhookDaemon", in: .runtime,
            [
                "MediaTime", "WireJSON", "CallModel", "NCCO", "EdgeProtocols", "CallControl", "SIPStack", "Tokens",
                "HTTPFetch", "SocketLegs", "WebhookClient", "EventStore", "ControlAPI", "LiveLink", "PromptAudio",
                "SpeechRecognition", "ConfigFile",
                "SoundDevice", "MediaEngine", "ConversationRuntime", log, metrics, lifecycle, nioCore,
                nioPosix,
            ]),
        .executableTarget(
            name: "switchhook",
            dependencies: [
                "SwitchhookDaemon", "MediaTime", "WireJSON", "CallModel", "NCCO", "ConfigFile", "EdgeProtocols",
                "TestPhone",
                "CLinux", "Tokens", "SoundDevice", "LatencyLab", argumentParser, log,
            ],
            path: "Sources/switchhook", swiftSettings: house),

        // Benches
        .executableTarget(
            name: "echo-trial", dependencies: ["VoiceEnhancement"], path: "Tests/Quality/EchoTrial",
            swiftSettings: house),
        .target(
            name: "PlayoutTrial", dependencies: ["MediaEngine", "MediaTime", "RTP", "AudioGraph", "VoiceCodecs"],
            path: "Tests/PlayoutTrial", swiftSettings: house),
        .executableTarget(
            name: "loss-trial", dependencies: ["PlayoutTrial", "VoiceCodecs"], path: "Tests/Quality/LossTrial",
            swiftSettings: house),

        // Tests
        .target(
            name: "TestKit", dependencies: ["MediaTime", "CallModel", "WireJSON", "EdgeProtocols"],
            path: "Tests/TestKit", swiftSettings: house),
        tests("MediaTime", ["MediaTime"]),
        tests("Rings", ["Rings"]),
        tests("WireJSON", ["WireJSON"]),
        tests("NCCO", ["NCCO", "WireJSON", "CallModel"]),
        tests("SDP", ["SDP"]),
        tests("RTP", ["RTP", "MediaTime"]),
        tests("CallControl", ["CallControl", "EdgeProtocols", "CallModel", "NCCO", "MediaTime", "WireJSON"]),
        tests("AudioGraph", ["AudioGraph", "MediaTime", "RTP", "Rings", "VoiceCodecs"]),
        tests("VoiceCodecs", ["VoiceCodecs"]),
        tests("VoiceEnhancement", ["VoiceEnhancement"]),
        tests("SoundDevice", ["SoundDevice", "AudioGraph", "MediaTime", "Rings"]),
        tests("LatencyLab", ["LatencyLab", "SoundDevice", "WireJSON"]),
        tests("SIPStack", ["SIPStack", "EdgeProtocols", "CallModel", "MediaTime", log]),
        tests("RTPTransport", ["RTPTransport", "RTP", "SDP", "MediaTime"]),
        tests("Tokens", ["Tokens", "CallModel", "WireJSON", "MediaTime"]),
        tests(
            "WebhookClient",
            [
                "WebhookClient", "HTTPFetch", "Tokens", "EventStore", "EdgeProtocols", "CallModel", "WireJSON",
                "MediaTime", nioCore, nioPosix, nioHTTP1, log,
            ]),
        tests(
            "SocketLegs",
            [
                "SocketLegs", "EdgeProtocols", "CallModel", "HTTPFetch", "Rings", "WireJSON", "CLinux", nioCore,
                nioPosix,
                nioHTTP1, nioWebSocket, log,
            ]),
        tests("EventStore", ["EventStore", "EdgeProtocols", "CallModel", "WireJSON", "MediaTime", log]),
        tests(
            "ControlAPI",
            ["ControlAPI", "LiveLink", "EdgeProtocols", "CallModel", "WireJSON", "Tokens", "MediaTime", log]),
        tests("PromptAudio", ["PromptAudio", "AudioGraph", "EdgeProtocols", "CallModel", log]),
        tests(
            "SpeechRecognition", ["SpeechRecognition", "PromptAudio", "EdgeProtocols", "CallModel", "WireJSON", log]),
        tests("ConfigFile", ["ConfigFile", "CallModel", "EdgeProtocols"]),
        tests(
            "TestPhone",
            ["TestPhone", "ConfigFile", "Tokens", "CallModel", "MediaTime", "WireJSON", nioCore, nioPosix, nioHTTP1]),
        tests(
            "MediaEngine",
            [
                "MediaEngine", "PlayoutTrial", "EdgeProtocols", "CallModel", "MediaTime", "SDP", "RTP", "Rings",
                "SoundDevice", log,
            ]),
        tests(
            "ConversationRuntime",
            ["ConversationRuntime", "CallControl", "EdgeProtocols", "CallModel", "NCCO", "WireJSON", "MediaTime", log]),
    ]
)
