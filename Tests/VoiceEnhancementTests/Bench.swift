import Foundation
import Testing

@testable import VoiceEnhancement

/// Runs a whole recording through a voice's processing, as a device would.
enum Bench {
    static func run(
        mic: [Float], far: [Float]? = nil, settings: VoiceSettings = VoiceSettings(), step: Int = 160, delay: Int = 0
    ) throws -> (sound: [Float], report: VoiceReport) {
        var processing = try #require(VoiceProcessing(rate: Sounds.rate, settings: settings))
        defer { processing.deallocate() }
        processing.expectEcho(after: delay)
        var sound = samples(mic)
        let played = samples(far ?? [Float](repeating: 0, count: mic.count))
        unsafe played.withUnsafeBufferPointer { far in
            unsafe sound.withUnsafeMutableBufferPointer { mic in
                guard let far = far.baseAddress, let near = mic.baseAddress else { return }
                var at = 0
                while at + step <= mic.count {
                    unsafe processing.played(far + at, count: step)
                    unsafe processing.captured(near + at, count: step)
                    at += step
                }
            }
        }
        return (sound.map { Float($0) / 32_768 }, processing.report)
    }

    /// A voice as the processing's high-pass leaves it.
    static func highPassed(_ sound: [Float]) -> [Float] {
        var (filter, sound) = (HighPass(rate: Sounds.rate), sound)
        unsafe sound.withUnsafeMutableBufferPointer {
            guard let base = $0.baseAddress else { return }
            unsafe filter.run(base, count: $0.count)
        }
        return sound
    }

    static func samples(_ sound: [Float]) -> [Int16] {
        sound.map { Int16(max(-32_768, min(32_767, ($0 * 32_768).rounded()))) }
    }

    /// What `range` of seconds has lost against what came in.
    static func loss(_ before: [Float], _ after: [Float], _ range: Range<Double>) -> Float {
        let part = Int(range.lowerBound * Double(Sounds.rate))..<Int(range.upperBound * Double(Sounds.rate))
        return Sounds.decibels(Sounds.level(before[part]) / max(1e-9, Sounds.level(after[part])))
    }

    /// How far `sound` differs from `wanted` in `range`, the best single gain allowed: signal to distortion in dB.
    static func likeness(_ sound: [Float], _ wanted: [Float], delay: Int, _ range: Range<Double>) -> Float {
        let part = Int(range.lowerBound * Double(Sounds.rate))..<Int(range.upperBound * Double(Sounds.rate))
        var (cross, power): (Float, Float) = (0, 0)
        for index in part {
            cross += sound[index + delay] * wanted[index]
            power += wanted[index] * wanted[index]
        }
        let gain = cross / max(1e-12, power)
        var rest: Float = 0
        for index in part {
            let difference = sound[index + delay] - gain * wanted[index]
            rest += difference * difference
        }
        return 10 * log10(gain * gain * power / max(1e-12, rest))
    }
}
