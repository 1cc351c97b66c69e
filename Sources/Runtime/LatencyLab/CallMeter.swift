import EdgeProtocols
public import Logging
import MediaTime
public import TestPhone

/// The delay of sound through a call whose far end gives back what it hears: an `echo` user, or a card in a loop.
///
/// From the instant at which a sample is spoken here (it then waits for its packet to be full) to the instant at which
/// its packet is back, as if it were played at once: no playout buffer of this end is in it.
///
/// - Threading: any; `run` is cancelled by cancelling its task.
public struct CallMeter: Sendable {
    private static let rate = 48_000
    /// Until the far end's playout buffer has settled.
    private static let lead = 2 * rate
    /// libopus delays by 6.5 ms at 48 kHz, its look-ahead; `OPUS_GET_LOOKAHEAD`.
    private static let opusLookAhead = 6.5
    private static let packetLength = 20.0

    public var call: TestCall
    public var sweeps = 10

    public init(call: TestCall) { self.call = call }

    /// - Throws: what keeps the call from being tried; a refused or silent call is a report.
    public func run(logger: Logger) async throws(TestCallFault) -> LatencyReport {
        let probe = Probe(sampleRate: Self.rate, spacing: .seconds(1))
        var call = call
        call.clip = PCMClip(sampleRate: Self.rate, samples: probe.signal(sweeps: sweeps, lead: Self.lead))
        call.duration = .milliseconds(Self.lead * 1000 / Self.rate + sweeps * 1000 + 500)
        let (report, heard) = try await call.runHearing(logger: logger)
        let series = DelaySeries(delays(heard))
        var notes = report.isSuccess ? [] : [report.endingText]
        if report.packetsLost > 0 { notes.append("\(report.packetsLost) packets were lost") }
        if series.values.isEmpty, report.isSuccess {
            notes.append("does the far end give back what it hears? An echo user does.")
        }
        return LatencyReport(
            kind: "call", subject: call.target, delays: series, sweeps: sweeps,
            parts: parts(series.median, report, heard), notes: notes)
    }

    private func delays(_ heard: HeardSound) -> [Double] {
        guard let beganAt = heard.beganAt, let spokenAt = heard.spokenAt else { return [] }
        let rate = Double(heard.clip.sampleRate)
        let probe = Probe(sampleRate: heard.clip.sampleRate, spacing: .seconds(1))
        let ahead = (spokenAt - beganAt) / .seconds(1)
        return (0..<sweeps).compactMap { number in
            let spoken = Double(Self.lead) / Double(Self.rate) + Double(number)
            let place = (ahead + spoken) * rate
            let start = Int(place.rounded(.down))
            guard let delay = probe.delay(of: start, in: heard.clip.samples) else { return nil }
            return (Double(start) + delay - place) / rate * 1000
        }
    }

    private func parts(_ total: Double?, _ report: TestCallReport, _ heard: HeardSound) -> [LatencyReport.Part] {
        guard let total else { return [] }
        let far = heard.packetLength.map { $0 / .milliseconds(1) } ?? Self.packetLength
        let codec = report.codec == "opus" ? 2 * Self.opusLookAhead : 0
        let packets = Self.packetLength + far
        return [
            .init(.packetisation, packets, "known"), .init(.codec, codec, "known"),
            // Its playout buffer, mix and device, and the network both ways: only the far end could tell them apart.
            .init(.farEnd, total - packets - codec, "measured"),
        ]
    }
}
