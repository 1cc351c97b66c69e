import AudioGraph
import Foundation
import MediaTime
import MediaEngine
package import VoiceCodecs

/// Speech through a codec, an emulated network and the receiving half of a leg, in virtual time.
package struct PlayoutRig {
    package struct Outcome {
        /// Mean of playout instant minus the arrival at the smallest delay of the last two seconds, milliseconds.
        package var meanDelay = 0.0
        /// Percent of the packets that arrived.
        package var late = 0.0
        package var lost = 0.0
        /// Samples at the codec's rate.
        package var sound: [Int16] = []
        /// Delay of every second's packets.
        package var course: [Double] = []
        package var concealedShare = 0.0
        /// Lost packets that came again in later ones.
        package var restored = 0
        /// Numbers of the packets that the network lost.
        package var lostNumbers: [Int] = []
        /// On the wire without headers of IP, UDP and RTP, bits a second.
        package var bitRate = 0.0
        /// When it is asked for: the buffer before each step at which its delay is known, and when packets arrived how
        /// long after being sent.
        package var trace: [Moment] = []
        package var arrivals: [(at: Double, delay: Double)] = []
    }

    /// Milliseconds; delays are behind the fastest packet of the last two seconds.
    package struct Moment {
        package var at: Double
        package var wanted: Double
        package var delay: Double
        /// Made up so far.
        package var concealed: Double
    }

    package var codec: CodecKind = .pcmu
    package var opus = OpusSettings()
    package var packetTime = 20
    package var step = 10
    /// Where in the packet time the graph's steps fall, milliseconds.
    package var phase = 3.0
    package var expectedLoss = 0
    package var keepsTrace = false

    /// Packets carry two older payloads (RFC 2198).
    package var isRedundant = false
    /// Delays of successive packets (negative: lost) in place of the emulator's, repeated; milliseconds.
    package var plan: [Double] = []

    package init() {}

    package func run(_ samples: [Int16], _ profile: NetworkEmulator.Profile, seed: Int, packets count: Int) -> Outcome {
        var network = NetworkEmulator(profile, seed: seed, packetTime: Double(packetTime))
        var input = LegInput()
        var equipment = LegEquipment()
        if codec.isOpus {
            let rate = Int32(codec.sampleRate)
            equipment.encoder = OpusEncoderHandle(sampleRate: rate, settings: opus)
            equipment.decoder = OpusDecoderHandle(sampleRate: rate)
            equipment.encoder?.setExpectedLoss(percent: expectedLoss)
        }
        var output = LegOutput(ssrc: 1, sequence: 0, timestamp: 0)
        var redundancy = RedundantSender()
        output.use(codec, eventClockRate: 8000)
        input.use(codec)
        defer {
            input.deallocate()
            output.deallocate()
            redundancy.deallocate()
            equipment.free()
        }
        let frame = codec.sampleRate / 1000 * packetTime
        var arrivals: [(at: Double, number: Int, payload: [UInt8])] = []
        var payload = [UInt8](repeating: 0, count: 4000)
        var outcome = Outcome()
        var bytesSent = 0
        for number in 0..<count {
            let start = number * frame % max(1, samples.count - frame)
            var bytes = unsafe samples[start..<start + frame].withUnsafeBufferPointer { source -> Int in
                guard let from = source.baseAddress, let room = unsafe output.room(for: frame) else { return 0 }
                unsafe SampleMath.copy(from, to: room, count: frame)
                output.gathered(frame)
                return unsafe payload.withUnsafeMutableBufferPointer { target in
                    guard let to = target.baseAddress else { return 0 }
                    return unsafe output.encode(frame: frame, into: to, capacity: 1500, equipment: equipment)
                }
            }
            if isRedundant {
                bytes = unsafe payload.withUnsafeMutableBufferPointer { target in
                    guard let start = target.baseAddress else { return 0 }
                    return unsafe redundancy.pack(
                        start, count: bytes, capacity: 1400, type: 100,
                        timestamp: UInt32(truncatingIfNeeded: number * packetTime * Int(codec.ticksPerMillisecond)),
                        isChained: codec.isOpus && OpusDecoderHandle.carriesRecovery(start, count: bytes))
                }
            }
            bytesSent += bytes
            let planned = plan.isEmpty ? network.next() : plan[number % plan.count]
            if let delay = planned, delay >= 0 {
                arrivals.append((Double(number * packetTime) + delay, number, Array(payload.prefix(bytes))))
            } else {
                outcome.lostNumbers.append(number)
            }
        }
        outcome.bitRate = Double(bytesSent * 8000) / Double(count * packetTime)
        outcome.lost = 100 * (1 - Double(arrivals.count) / Double(count))
        let delivered = arrivals.count
        if keepsTrace { outcome.arrivals = arrivals.map { ($0.at, $0.at - Double($0.number * packetTime)) } }
        arrivals.sort { $0.at < $1.at }
        var next = 0
        var (sum, played) = (Int64(0), 0)
        let wanted = codec.sampleRate / 1000 * step
        var room = [Int16](repeating: 0, count: wanted)
        for turn in 0...((count * packetTime + 400) / step) {
            let now = Double(turn * step) + phase
            input.pulled(next: Self.nanoseconds(now))
            if keepsTrace && turn * step < count * packetTime { trace(now, input.playout, &outcome) }
            while next < arrivals.count, arrivals[next].at <= now {
                push(arrivals[next], into: &input)
                next += 1
            }
            unsafe room.withUnsafeMutableBufferPointer { target in
                guard let to = target.baseAddress else { return }
                _ = unsafe input.pull(wanted, into: to, equipment: equipment)
            }
            outcome.sound += room
            if turn * step % 1000 == 0, input.playout.delayCount > played {
                outcome.course.append(
                    Double(input.playout.delaySum - sum) / Double(input.playout.delayCount - played) / 1e6)
                (sum, played) = (input.playout.delaySum, input.playout.delayCount)
            }
        }
        let playout = input.playout
        outcome.restored = Int(playout.restored)
        outcome.meanDelay = Double(playout.delaySum) / Double(max(1, playout.delayCount)) / 1e6
        outcome.late = 100 * Double(playout.late + playout.starvations) / Double(delivered)
        outcome.concealedShare =
            100 * Double(playout.concealed) / Double(count * packetTime * Int(codec.ticksPerMillisecond))
        return outcome
    }

    private func trace(_ now: Double, _ playout: PlayoutBuffer, _ outcome: inout Outcome) {
        guard !playout.isStarving, let delay = playout.presentDelay else { return }
        let made = Double(playout.concealed) / Double(codec.ticksPerMillisecond)
        outcome.trace.append(
            Moment(at: now, wanted: Double(playout.wantedDelay) / 1e6, delay: Double(delay) / 1e6, concealed: made))
    }

    private func push(_ packet: (at: Double, number: Int, payload: [UInt8]), into input: inout LegInput) {
        unsafe packet.payload.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return }
            if isRedundant {
                _ = unsafe input.pushRedundant(
                    start, count: bytes.count, type: 100, sequence: UInt64(70_000 + packet.number),
                    timestamp: UInt32(truncatingIfNeeded: packet.number * packetTime * Int(codec.ticksPerMillisecond)),
                    arrival: MonotonicInstant(nanoseconds: Self.nanoseconds(packet.at)))
                return
            }
            _ = unsafe input.playout.push(
                start, count: bytes.count, sequence: UInt64(70_000 + packet.number),
                timestamp: UInt32(truncatingIfNeeded: packet.number * packetTime * Int(codec.ticksPerMillisecond)),
                arrival: MonotonicInstant(nanoseconds: Self.nanoseconds(packet.at)))
        }
    }

    private static func nanoseconds(_ milliseconds: Double) -> UInt64 {
        1_000_000_000 + UInt64(milliseconds * 1_000_000)
    }

    /// The fixture's sentence, 16 000 a second, at another rate: every second sample or linear in between.
    package static func speech(rate: Int) throws -> [Int16] {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/audio/f198.wav")
        let bytes = [UInt8](try Data(contentsOf: path)).dropFirst(44)
        let wide = stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2).map {
            Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
        }
        return rate == 16_000 ? wide : RateConverter.convert(wide, from: 16_000, to: rate) ?? []
    }

    /// Writes text where `SWITCHHOOK_QUALITY` says.
    package static func keep(_ text: String, as name: String) throws {
        guard let folder = ProcessInfo.processInfo.environment["SWITCHHOOK_QUALITY"] else { return }
        try text.write(to: URL(filePath: folder).appending(path: name), atomically: true, encoding: .utf8)
    }

    /// Writes sound where `SWITCHHOOK_QUALITY` says, for a judge outside (`make quality`).
    package static func keep(_ sound: [Int16], rate: Int, as name: String) throws {
        guard let folder = ProcessInfo.processInfo.environment["SWITCHHOOK_QUALITY"] else { return }
        func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> ($0 * 8) & 255) } }
        var file = Array("RIFF".utf8) + little(36 + sound.count * 2, 4) + Array("WAVEfmt ".utf8) + little(16, 4)
        file += little(1, 2) + little(1, 2) + little(rate, 4) + little(rate * 2, 4) + little(2, 2) + little(16, 2)
        file += Array("data".utf8) + little(sound.count * 2, 4)
        for sample in sound { file += [UInt8(truncatingIfNeeded: sample), UInt8(truncatingIfNeeded: sample >> 8)] }
        try Data(file).write(to: URL(filePath: folder).appending(path: name + ".wav"))
    }
}
