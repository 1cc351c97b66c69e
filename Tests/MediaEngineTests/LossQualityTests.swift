import AudioGraph
import Testing
import VoiceCodecs

@testable import MediaEngine

/// How speech survives loss, in virtual time. PESQ is no part of the project; `SWITCHHOOK_QUALITY=folder` keeps the sound
/// for a judge outside, these tests compare envelopes.
@Suite struct LossQualityTests {
    /// Correlation of the loudness of 10 ms pieces, at the best shift.
    private func likeness(_ original: [Int16], _ copy: [Int16], rate: Int) -> Double {
        func envelope(_ samples: [Int16]) -> [Double] {
            stride(from: 0, to: samples.count - rate / 100, by: rate / 100).map { start in
                samples[start..<start + rate / 100].reduce(0.0) { $0 + abs(Double($1)) }
            }
        }
        let (a, b) = (envelope(original), envelope(copy))
        return (0..<60).map { shift in
            let count = min(a.count, b.count - shift)
            guard count > 100 else { return 0 }
            var (ab, aa, bb) = (0.0, 0.0, 0.0)
            for index in 0..<count {
                ab += a[index] * b[index + shift]
                aa += a[index] * a[index]
                bb += b[index + shift] * b[index + shift]
            }
            return ab / (aa * bb).squareRoot()
        }.max() ?? 0
    }

    @Test("in-band FEC is waited for when packets get lost, and only then", arguments: [0.0, 0.095])
    func recovery(loss: Double) throws {
        let speech = try PlayoutRig.speech(rate: 48_000)
        var rig = PlayoutRig()
        rig.codec = .opus
        rig.expectedLoss = 10
        let packets = speech.count / 960 - 1
        func run(fec: Bool) -> PlayoutRig.Outcome {
            rig.opus.usesInbandFEC = fec
            return rig.run(speech, .random(loss: loss), seed: 2, packets: packets)
        }
        let (with, without) = (run(fec: true), run(fec: false))
        try PlayoutRig.keep(with.sound, rate: 48_000, as: "opus-fec-\(loss)")
        try PlayoutRig.keep(without.sound, rate: 48_000, as: "opus-plain-\(loss)")
        if loss == 0 {
            #expect(with.meanDelay < without.meanDelay + 3)
        } else {
            #expect(with.meanDelay > without.meanDelay + 5)
            #expect(likeness(speech, with.sound, rate: 48_000) > likeness(speech, without.sound, rate: 48_000))
        }
    }

    @Test("speech by each codec survives 5 % of loss", arguments: [CodecKind.pcmu, .g722, .l16Wide, .opus])
    func loss(codec: CodecKind) throws {
        let speech = try PlayoutRig.speech(rate: codec.sampleRate)
        var rig = PlayoutRig()
        rig.codec = codec
        let packets = speech.count / (codec.sampleRate / 50) - 1
        let outcome = rig.run(speech, .random(loss: 0.05), seed: 3, packets: packets)
        try PlayoutRig.keep(outcome.sound, rate: codec.sampleRate, as: "loss-\(codec)")
        #expect(likeness(speech, outcome.sound, rate: codec.sampleRate) > 0.9)
        #expect(outcome.late < 1)
    }

    @Test("sound is kept for a judge", arguments: [NetworkEmulator.Profile.random(loss: 0.095), .wifi, .congested])
    func judged(profile: NetworkEmulator.Profile) throws {
        let speech = try PlayoutRig.speech(rate: 48_000)
        var rig = PlayoutRig()
        rig.codec = .opus
        rig.expectedLoss = 10
        let packets = speech.count / 960 - 1
        for seed in 1...5 {
            let outcome = rig.run(speech, profile, seed: seed, packets: packets)
            #expect(outcome.sound.count > speech.count)
            try PlayoutRig.keep(outcome.sound, rate: 48_000, as: "judge-\(profile.name)-\(seed)")
        }
    }
}
