import Foundation
import VoiceEnhancement

/// Runs the voice processing over two recordings, for the quality bench.
///
///     echo-trial MODE RATE FAR MIC OUT [DELAY_MS]
///
/// FAR is what the loudspeaker played, MIC what the microphone heard, OUT what would be sent: raw mono 16-bit samples.
/// MODE is `all`, or parts joined by `+`: `echo`, `noise`, `gain`. DELAY_MS is the echo's delay as the device tells it.
/// Prints one JSON object: microseconds for 10 ms of sound, samples of delay added, drift found.

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

func settings(of mode: String) throws -> VoiceSettings {
    if mode == "all" { return VoiceSettings() }
    let parts = Set(mode.split(separator: "+").map(String.init))
    guard !parts.isEmpty, parts.isSubset(of: ["echo", "noise", "gain"]) else {
        throw Failure(reason: "MODE \(mode): all, or echo, noise and gain joined by +")
    }
    return VoiceSettings(
        cancelsEcho: parts.contains("echo"), suppressesNoise: parts.contains("noise"),
        controlsGain: parts.contains("gain"))
}

func run(_ arguments: [String]) throws {
    guard (6...7).contains(arguments.count) else {
        throw Failure(reason: "usage: echo-trial MODE RATE FAR MIC OUT [DELAY_MS]")
    }
    guard let rate = Int(arguments[2]),
        var processing = VoiceProcessing(rate: rate, settings: try settings(of: arguments[1]))
    else { throw Failure(reason: "RATE \(arguments[2]): 8000, 16000, 24000, 32000 or 48000") }
    defer { processing.deallocate() }
    let delay = arguments.count > 6 ? Int(arguments[6]) : 0
    guard let delay, (0...500).contains(delay) else { throw Failure(reason: "DELAY_MS: 0 to 500") }
    processing.expectEcho(after: delay * rate / 1000)
    let far = try samples(of: arguments[3])
    var sound = try samples(of: arguments[4])
    let (count, step) = (min(far.count, sound.count), rate / 100)
    let begin = DispatchTime.now().uptimeNanoseconds
    unsafe far.withUnsafeBufferPointer { far in
        unsafe sound.withUnsafeMutableBufferPointer { near in
            guard let far = far.baseAddress, let near = near.baseAddress else { return }
            for at in stride(from: 0, through: count - step, by: step) {
                unsafe processing.played(far + at, count: step)
                unsafe processing.captured(near + at, count: step)
            }
        }
    }
    let spent = Double(DispatchTime.now().uptimeNanoseconds - begin) / 1000
    let bytes = unsafe sound.withUnsafeBytes { unsafe Data($0) }
    guard FileManager.default.createFile(atPath: arguments[5], contents: bytes) else {
        throw Failure(reason: "\(arguments[5]): cannot be written")
    }
    let each = spent / Double(max(1, count / step))
    print(
        "{\"us_per_10ms\": \(each), \"delay_samples\": \(processing.delay), "
            + "\"drift_ppm\": \(processing.report.driftPartsPerMillion)}")
}

do {
    try run(CommandLine.arguments)
} catch {
    let reason = (error as? Failure)?.reason ?? "\(error)"
    FileHandle.standardError.write(Data("echo-trial: \(reason)\n".utf8))
    exit(2)
}
