import CLinux
import Foundation
import Rings
public import SoundDevice
import Synchronization

/// The delay from handing a sample to a device until it comes back through the device's own microphone.
///
/// It stands where a conversation's mix would: it takes a step whenever one was captured and gives the next one of the
/// probe at once. So the figure is what a mix adds nothing to: periods, buffers, resamplers, converters and air.
///
/// - Units: samples at 48 kHz.
/// - Threading: `run` blocks its caller; the steps are made by a thread of its own, real-time when allowed.
/// - Fails with: `SoundDeviceFault`; a device that is silent or hears nothing is a report.
public struct LoopMeter: Sendable {
    private static let step = 480
    /// Until the clocks are known well enough.
    private static let lead = 2 * 48_000

    public var configuration: SoundDeviceConfiguration
    public var sweeps = 10

    public init(configuration: SoundDeviceConfiguration) { self.configuration = configuration }

    public func run() throws(SoundDeviceFault) -> LatencyReport {
        let reports = Mutex<[String]>([])
        let device = try SoundDevice(configuration) { report in reports.withLock { $0.append("\(report)") } }
        defer { device.close() }
        let probe = Probe(sampleRate: SoundDevice.sampleRate)
        let mixer = try LoopMixer(
            device: device, signal: probe.signal(sweeps: sweeps, lead: Self.lead), step: Self.step)
        let (heard, playbackDelay, captureDelay) = mixer.run()
        let delays = (0..<sweeps).compactMap { number in
            probe.delay(of: Self.lead + number * probe.spacing, in: heard).map { $0 / 48 }
        }
        let series = DelaySeries(delays)
        return LatencyReport(
            kind: "loop", subject: "\(device.playbackName) to \(device.captureName)", delays: series, sweeps: sweeps,
            parts: parts(series.median, playbackDelay, captureDelay, device.counters),
            notes: reports.withLock { $0 } + notes(device.counters))
    }

    private func parts(
        _ total: Double?, _ playback: Double?, _ capture: Double?, _ counters: SoundDeviceCounters
    ) -> [LatencyReport.Part] {
        guard let total, let playback, let capture else { return [] }
        // The step itself gathers in the card before it is taken.
        let gathering = Double(Self.step) / 48 + capture
        let resampler = Double(counters.playbackFilterFrames + counters.captureFilterFrames) / 48
        return [
            .init(.capture, gathering, "told"), .init(.playback, playback, "told"),
            .init(.resampler, resampler, "known"),
            .init(.medium, total - gathering - playback - resampler, "measured"),
        ]
    }

    private func notes(_ counters: SoundDeviceCounters) -> [String] {
        var notes: [String] = []
        if counters.playbackXruns + counters.captureXruns > 0 {
            notes.append("xruns: \(counters.playbackXruns) playback, \(counters.captureXruns) capture")
        }
        if counters.playbackUnderrunFrames > 0 {
            notes.append("\(counters.playbackUnderrunFrames / 48) ms of silence for want of sound")
        }
        if !counters.isRealTime { notes.append("no real-time scheduling: figures may spread") }
        return notes
    }
}

/// The mixing thread of a loop measurement.
///
/// - Threading: made and run by one caller; what it shares with its thread is handed over by starting and joining it.
private final class LoopMixer: @unchecked Sendable {
    // Unchecked: the thread alone uses the buffers between `run`'s start of it and its end, which `run` waits for.
    private static let priority: Int32 = 60
    private static let patienceMilliseconds: Int32 = 1000

    private let device: SoundDevice
    private let signal: [Int16]
    private let step: Int
    private let wake: Int32
    private var heard: [Int16] = []
    private var playbackDelays: [Double] = []
    private var captureDelays: [Double] = []

    init(device: SoundDevice, signal: [Int16], step: Int) throws(SoundDeviceFault) {
        self.device = device
        self.signal = signal
        self.step = step
        wake = swh_eventfd_create()
        guard wake >= 0 else { throw SoundDeviceFault(code: .noThread, detail: "eventfd: errno \(-wake)") }
        heard.reserveCapacity(signal.count + step)
    }

    deinit { swh_close(wake) }

    /// - Returns: what came back, and medians of what waits before and behind the card, milliseconds.
    func run() -> (heard: [Int16], playback: Double?, capture: Double?) {
        device.pace.follow(wake: wake, step: step, drives: true)
        var thread: UInt64 = 0
        let retained = unsafe Unmanaged.passRetained(self)
        let status = unsafe swh_thread_start(
            "latency", 512 << 10, Self.priority,
            { pointer in
                guard let pointer = unsafe pointer else { return nil }
                unsafe Unmanaged<LoopMixer>.fromOpaque(pointer).takeRetainedValue().mix()
                return nil
            }, retained.toOpaque(), &thread)
        if status < 0 {
            unsafe retained.release()
            mix()
        } else {
            swh_thread_join(thread)
        }
        device.pace.leave()
        return (heard, DelaySeries(playbackDelays).median, DelaySeries(captureDelays).median)
    }

    private func mix() {
        var room = [Int16](repeating: 0, count: step)
        var isFirst = true
        while heard.count < signal.count {
            if swh_wait_readable(wake, Self.patienceMilliseconds) != 1 { return }
            swh_eventfd_clear(wake)
            while device.captureRing.fill >= step, heard.count < signal.count {
                if isFirst {
                    _ = device.captureRing.discard(device.captureRing.fill - step)
                    isFirst = false
                }
                // What is left in the ring and the card waited before the step was taken.
                let counters = device.counters
                let waiting = device.captureRing.fill - step
                let begin = heard.count
                let got = unsafe device.captureRing.pop(into: &room, count: step)
                heard += room.prefix(got)
                let next = Array(signal[begin..<min(signal.count, begin + got)])
                _ = unsafe device.playbackRing.push(next, count: next.count)
                device.pace.stepped(frames: next.count)
                if begin >= 48_000 {
                    // Told right after a step was written: the step itself comes behind what waited.
                    playbackDelays.append(
                        Double(counters.playbackDelayFrames - step - counters.playbackFilterFrames) / 48)
                    let unread = max(0, counters.captureDelayFrames - counters.captureFilterFrames)
                    captureDelays.append(Double(waiting + unread) / 48)
                }
            }
        }
    }
}
