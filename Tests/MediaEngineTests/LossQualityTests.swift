import AudioGraph
import Foundation
import PlayoutTrial
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

    /// Energy of what differs from the sound of the same stream without loss, decibels below it. The loss of a packet
    /// changes neither delay nor length, so that both can be laid on each other from the second second on. Every sixth
    /// packet is looked at.
    private func damage(_ rig: PlayoutRig, _ speech: [Int16], _ profile: NetworkEmulator.Profile, seed: Int) -> Double {
        let packets = speech.count / (rig.codec.sampleRate / 50) - 1
        let whole = rig.run(speech, .clean, seed: seed, packets: packets).sound
        let sound = rig.run(speech, profile, seed: seed, packets: packets).sound
        let rate = rig.codec.sampleRate
        let (from, piece) = (rate * 2, rate / 50)
        var (damage, energy) = (0.0, 1.0)
        for start in stride(from: from, to: min(whole.count, sound.count) - rate, by: piece * 6) {
            let own = whole[start..<start + piece].map(Double.init)
            // At the shift of up to 60 ms at which the piece differs least.
            let least =
                stride(from: 0, to: rate * 6 / 100, by: 1).lazy.map { shift -> Double in
                    var sum = 0.0
                    for index in 0..<piece {
                        let difference = own[index] - Double(sound[start + shift + index])
                        sum += difference * difference
                    }
                    return sum
                }.min() ?? 0
            damage += least
            energy += own.reduce(0) { $0 + $1 * $1 }
        }
        return 10 * log10(energy / max(1, damage))
    }

    @Test("what G.711 loses is made up from both sides once losses are known, for one packet of delay")
    func bridged() throws {
        let speech = try PlayoutRig.speech(rate: 8000)
        var rig = PlayoutRig()
        let loss = NetworkEmulator.Profile.random(loss: 0.05)
        let known = rig.run(speech, loss, seed: 3, packets: 390)
        #expect((15.0...26).contains(known.meanDelay))
        rig.codec = .pcmu
        #expect(damage(rig, speech, loss, seed: 3) > 11)
    }

    @Test("redundancy brings back bursts whole and says what it costs")
    func redundant() throws {
        let speech = try PlayoutRig.speech(rate: 16_000)
        var rig = PlayoutRig()
        rig.codec = .opusWide
        rig.expectedLoss = 10
        let packets = speech.count / 320 - 1
        let plain = rig.run(speech, .congested, seed: 1, packets: packets)
        rig.isRedundant = true
        let redundant = rig.run(speech, .congested, seed: 1, packets: packets)
        #expect(redundant.concealedShare < plain.concealedShare * 0.6)
        #expect(redundant.restored > packets / 20)
        #expect((60_000...80_000).contains(redundant.bitRate))
        let (better, worse) = (
            likeness(speech, redundant.sound, rate: 16_000), likeness(speech, plain.sound, rate: 16_000)
        )
        #expect(better > worse)
    }

    /// So many of each 100 packets are lost, one after the other; the rest takes 10 ms.
    private func bursts(of length: Int) -> [Double] {
        (0..<100).map { (50..<50 + length).contains($0) ? -1 : 10 }
    }

    @Test("the last packet of a burst comes back out of the one after it", arguments: [2, 3, 5])
    func burst(length: Int) throws {
        let speech = try PlayoutRig.speech(rate: 16_000)
        var rig = PlayoutRig()
        rig.codec = .opusWide
        rig.expectedLoss = 10
        rig.plan = bursts(of: length)
        let packets = speech.count / 320 - 1
        let with = rig.run(speech, .clean, seed: 1, packets: packets)
        rig.opus.usesInbandFEC = false
        let without = rig.run(speech, .clean, seed: 1, packets: packets)
        // The packet after it is waited for from the first burst on, where there is FEC.
        #expect((18.0...26).contains(with.meanDelay), "\(with.meanDelay)")
        #expect(without.meanDelay < 15, "\(without.meanDelay)")
    }

    @Test("a burst that copies bring back makes the delay grow, so that the next ones come back whole")
    func growth() throws {
        let speech = try PlayoutRig.speech(rate: 16_000)
        var rig = PlayoutRig()
        rig.codec = .opusWide
        rig.expectedLoss = 10
        rig.isRedundant = true
        rig.keepsTrace = true
        rig.plan = bursts(of: 5)
        let outcome = rig.run(speech, .clean, seed: 1, packets: speech.count / 320 - 1)
        // Bursts begin at 1, 3, 5 and 7 s. Of five packets two come as copies and three out of their FEC; packets
        // without FEC, of pauses, have nearer copies, so that the first burst may show a shorter reach.
        func delays(_ from: Double, _ to: Double) -> [Double] {
            outcome.trace.filter { $0.at >= from && $0.at < to }.map(\.delay)
        }
        #expect(delays(500, 1000).allSatisfy { $0 < 20 })
        let later = delays(2000, 7500)
        #expect(later.count > 500)
        #expect(later.allSatisfy { (55.0...125).contains($0) }, "\(later.min() ?? 0) to \(later.max() ?? 0)")
        let made = outcome.trace.filter { $0.at >= 2000 && $0.at < 7500 }.map(\.concealed)
        #expect((made.last ?? 1e9) - (made.first ?? 0) <= 3 * 60 + 1)
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
