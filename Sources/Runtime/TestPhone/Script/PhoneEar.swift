import Foundation
import SDP
import VoiceCodecs

/// Listens to a running call: decodes what came in since a mark and judges it in windows of 100 ms.
///
/// - Threading: one task.
struct PhoneEar: ~Copyable {
    /// Louder than this is sound, dBFS.
    static let soundLevel = -45.0
    static let silenceLevel = -50.0
    /// Share of a window's power that a tone has to itself.
    private static let toneShare = 0.6
    private static let windowsPerSecond = 10

    private var decoder: PhoneDecoder
    private var samples: [Int16] = []
    private var firstTimestamp: UInt32?
    /// Packets of the call that are decoded.
    private var taken: Int
    /// Windows that are judged.
    private var judged = 0
    /// Samples that were given to a listener.
    private var handed = 0
    /// How long the condition holds without a break, windows.
    private var run = 0

    var sampleRate: Int { decoder.sampleRate }

    /// - Parameter mark: packets of the call that came before and do not count.
    init(_ codec: VoiceCodec, from mark: Int) {
        decoder = PhoneDecoder(codec)
        taken = mark
    }

    /// Takes new packets in; true once `condition` has held for `lasting`.
    mutating func hears(
        _ packets: [PhoneMedia.Heard.Packet], lasting: Duration, _ condition: (ArraySlice<Int16>) -> Bool
    ) -> Bool {
        for packet in packets.dropFirst(taken) { place(packet) }
        taken = max(taken, packets.count)
        let size = sampleRate / Self.windowsPerSecond
        let wanted = max(1, Int((lasting / .milliseconds(1000 / Self.windowsPerSecond)).rounded(.up)))
        while (judged + 1) * size <= samples.count {
            run = condition(samples[judged * size..<(judged + 1) * size]) ? run + 1 : 0
            judged += 1
            if run >= wanted { return true }
        }
        return false
    }

    /// Takes new packets in.
    /// - Returns: sound that has come since it was asked last.
    mutating func sound(of packets: [PhoneMedia.Heard.Packet]) -> ArraySlice<Int16> {
        for packet in packets.dropFirst(taken) { place(packet) }
        taken = max(taken, packets.count)
        defer { handed = samples.count }
        return samples[handed...]
    }

    private mutating func place(_ packet: PhoneMedia.Heard.Packet) {
        let first = firstTimestamp ?? packet.timestamp
        firstTimestamp = first
        let offset = decoder.samples(from: first, to: packet.timestamp)
        let frame = decoder.decode(packet.payload)
        guard offset >= 0, offset + frame.count <= 3600 * decoder.sampleRate else { return }
        if samples.count < offset + frame.count {
            samples += [Int16](repeating: 0, count: offset + frame.count - samples.count)
        }
        samples.replaceSubrange(offset..<offset + frame.count, with: frame)
    }

    /// Root mean square in dBFS.
    static func level(_ window: ArraySlice<Int16>) -> Double {
        var energy = 0.0
        for sample in window { energy += Double(sample) * Double(sample) }
        return 10 * log10(max(energy / Double(max(1, window.count)) / (32_768 * 32_768), 1e-12))
    }

    /// Whether a frequency carries the window (Goertzel).
    static func isTone(_ window: ArraySlice<Int16>, hertz: Double, sampleRate: Int) -> Bool {
        guard level(window) > soundLevel else { return false }
        let coefficient = 2 * cos(2 * .pi * hertz / Double(sampleRate))
        var (one, two, energy) = (0.0, 0.0, 0.0)
        for sample in window {
            let value = Double(sample)
            (one, two) = (value + coefficient * one - two, one)
            energy += value * value
        }
        let power = one * one + two * two - coefficient * one * two
        return 2 * power / (Double(window.count) * energy) > toneShare
    }
}
