import Foundation
import PlayoutTrial
import VoiceCodecs

/// Speech through a codec, an emulated network and the receiving half of a leg, for the quality bench.
///
///     loss-trial KEY=VALUE... IN OUT
///
/// IN and OUT: raw mono 16-bit samples at the codec's rate. Keys: `codec` (`pcmu`, `opusWide`, ...), `profile` (`clean`,
/// `random:PERCENT`, `wifi`, ...), `seed`, `step` (milliseconds that the graph takes at once), `expected` (loss told to
/// the encoder, percent), `fec` and `redundant` (0 or 1; RFC 2198).
/// Prints one JSON object.

struct Failure: Error {
    var reason: String
}

func samples(of path: String) throws -> [Int16] {
    guard let data = FileManager.default.contents(atPath: path) else {
        throw Failure(reason: "\(path): cannot be read")
    }
    return unsafe data.withUnsafeBytes { bytes in
        (0..<(bytes.count / 2)).map { unsafe bytes.loadUnaligned(fromByteOffset: 2 * $0, as: Int16.self) }
    }
}

func profile(_ name: String) throws -> NetworkEmulator.Profile {
    let parts = name.split(separator: ":")
    switch parts.first {
    case "clean": return .clean
    case "wifi": return .wifi
    case "lte": return .lte
    case "congested": return .congested
    case "random":
        guard parts.count == 2, let percent = Double(parts[1]), (0...100).contains(percent) else { break }
        return .random(loss: percent / 100)
    default: break
    }
    throw Failure(reason: "profile \(name): clean, wifi, lte, congested or random:PERCENT")
}

func run(_ arguments: [String]) throws {
    guard arguments.count >= 2 else { throw Failure(reason: "usage: loss-trial KEY=VALUE... IN OUT") }
    var rig = PlayoutRig()
    var network = NetworkEmulator.Profile.clean
    var seed = 1
    var packets: Int?
    for word in arguments.dropLast(2) {
        let pair = word.split(separator: "=", maxSplits: 1).map(String.init)
        guard pair.count == 2 else { throw Failure(reason: "\(word): KEY=VALUE") }
        if pair[0] == "codec", let kind = CodecKind.allCases.first(where: { "\($0)" == pair[1] }) {
            rig.codec = kind
            continue
        }
        if pair[0] == "profile" {
            network = try profile(pair[1])
            continue
        }
        if pair[0] == "plan" {
            let text = try String(contentsOfFile: pair[1], encoding: .utf8)
            rig.plan = text.split(separator: "\n").compactMap { Double($0) }
            guard !rig.plan.isEmpty else { throw Failure(reason: "\(pair[1]): no delays") }
            continue
        }
        guard let number = Int(pair[1]), number >= 0 else { throw Failure(reason: "\(word): not understood") }
        switch pair[0] {
        case "seed": seed = number
        case "step" where number > 0: rig.step = number
        case "phase": rig.phase = Double(number)
        case "packets": packets = number
        case "expected": rig.expectedLoss = number
        case "redundant": rig.isRedundant = number > 0
        case "fec": rig.opus.usesInbandFEC = number > 0
        case "complexity": rig.opus.complexity = number
        case "bitrate": rig.opus.bitrate = number
        default: throw Failure(reason: "\(word): not understood")
        }
    }
    let speech = try samples(of: arguments[arguments.count - 2])
    let count = speech.count / (rig.codec.sampleRate / 1000 * rig.packetTime) - 1
    let outcome = rig.run(speech, network, seed: seed, packets: packets ?? count)
    let bytes = outcome.sound.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    try Data(bytes).write(to: URL(filePath: arguments[arguments.count - 1]))
    let figures = [
        "\"delay_ms\": \(outcome.meanDelay)", "\"late_percent\": \(outcome.late)",
        "\"lost_percent\": \(outcome.lost)", "\"concealed_percent\": \(outcome.concealedShare)",
        "\"bits_per_second\": \(outcome.bitRate)", "\"lost\": \(outcome.lostNumbers)",
    ]
    print("{" + figures.joined(separator: ", ") + "}")
}

do {
    try run(Array(CommandLine.arguments.dropFirst()))
} catch let failure as Failure {
    FileHandle.standardError.write(Data((failure.reason + "\n").utf8))
    exit(2)
}
