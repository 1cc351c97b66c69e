import CALSA
import Glibc

/// One open ALSA PCM at a rate of its own, seen as mono 16-bit frames.
///
/// - Units: frames at `rate`. `targetFrames` is how much playback may be queued: the buffer can be larger than was asked for
///   (PulseAudio gives three periods for two), and every queued frame is delay.
/// - Threading: opened by control or by the device's thread; moved, recovered and closed by the device's thread.
/// - Fails with: negative errno of ALSA.
///
/// `@unchecked Sendable`: one thread at a time uses it, whoever opened it having handed it over.
@safe struct PCMStream: @unchecked Sendable {
    // Unchecked: a handle that is passed from thread to thread and used by one at a time.
    /// Frames moved by one call at most.
    static var largestTransfer: Int { @_noLocks get { 2048 } }

    private let isCapture: Bool
    let rate: Int
    /// As configured, and as the hardware has it.
    let periodFrames: Int
    let hardwarePeriod: Int
    let targetFrames: Int
    let bufferFrames: Int
    private let handle: OpaquePointer
    private let channels: Int
    private let isWide: Bool
    /// Bits of the channels that carry sound.
    private let map: UInt32
    /// Interleaved frames as the PCM has them.
    private let frames: UnsafeMutableRawPointer

    /// Opens `name` (see `PCMName`); the reason of a failure is in words.
    static func open(_ name: String, _ direction: SoundDirection, configuration: SoundDeviceConfiguration)
        -> Result<PCMStream, OpenFailure>
    {
        let chosen = direction == .capture ? configuration.captureChannels : configuration.playbackChannels
        // What is captured is read at once: a long buffer adds no delay, it only forgives a thread that is late.
        var wish = swh_pcm_wish(
            channels: UInt32((chosen.max() ?? 0) + 1), period_us: UInt32(configuration.period),
            periods: UInt32(direction == .capture ? max(8, configuration.periodCount) : configuration.periodCount))
        var shape = swh_pcm_shape()
        var reason = [CChar](repeating: 0, count: 256)
        guard
            let handle = unsafe swh_pcm_open(
                name, Int32(direction == .capture ? SWH_PCM_CAPTURE : SWH_PCM_PLAYBACK), &wish, &shape, &reason,
                reason.count)
        else { return .failure(OpenFailure(reason: text(reason))) }
        let missing = chosen.filter { $0 >= Int(shape.channels) }
        guard missing.isEmpty else {
            unsafe swh_pcm_close(handle)
            return .failure(OpenFailure(reason: "it has \(shape.channels) channels, none is number \(missing[0])"))
        }
        let buffer = Int(shape.buffer_frames)
        let period = Int(shape.rate) * configuration.period / 1_000_000
        // A PCM with longer periods than asked for only moves by those, so two of them must fit.
        let wanted = max(period * configuration.periodCount, 2 * Int(shape.period_frames))
        let target = min(buffer, wanted)
        let wake = direction == .capture ? period : min(buffer, buffer - target + period)
        let status = unsafe swh_pcm_set_thresholds(handle, UInt32(wake), UInt32(max(1, target)))
        guard status == 0 else {
            unsafe swh_pcm_close(handle)
            return .failure(OpenFailure(reason: "thresholds: \(errorText(Int(status)))"))
        }
        return .success(
            unsafe PCMStream(
                isCapture: direction == .capture, period: period, target: target, handle: handle, shape: shape,
                chosen: chosen))
    }

    struct OpenFailure: Error {
        var reason: String
    }

    private init(
        isCapture: Bool, period: Int, target: Int, handle: OpaquePointer, shape: swh_pcm_shape, chosen: [Int]
    ) {
        self.isCapture = isCapture
        rate = Int(shape.rate)
        periodFrames = period
        hardwarePeriod = Int(shape.period_frames)
        map = PCMFrames.map(chosen, channels: Int(shape.channels), isCapture: isCapture)
        targetFrames = target
        bufferFrames = Int(shape.buffer_frames)
        unsafe self.handle = handle
        channels = Int(shape.channels)
        isWide = shape.bytes_per_sample == 4
        let byteCount = Self.largestTransfer * channels * Int(shape.bytes_per_sample)
        unsafe frames = .allocate(byteCount: byteCount, alignment: 16)
        unsafe frames.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    }

    func close() {
        unsafe swh_pcm_close(handle)
        unsafe frames.deallocate()
    }

    static func errorText(_ code: Int) -> String {
        unsafe String(cString: swh_pcm_error_text(Int32(truncatingIfNeeded: code)))
    }

    static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: Real time

    /// Makes the PCM ready and running: capture starts, playback starts with `targetFrames` of silence.
    @_noLocks func start() -> Int {
        let status = Int(unsafe swh_pcm_prepare(handle))
        if status < 0 { return status }
        if isCapture { return Int(unsafe swh_pcm_start(handle)) }
        var left = targetFrames
        silenceFrames()
        while left > 0 {
            let written = unsafe swh_pcm_write(
                handle, frames, left < Self.largestTransfer ? left : Self.largestTransfer)
            if written == -Int(EAGAIN) || written == 0 { return 0 }
            if written < 0 { return written }
            left &-= written
        }
        return 0
    }

    /// The control device of the card it plays on or hears; of a plug-in without a card, that of the same name.
    func mixer(_ name: String) -> String {
        let card = unsafe swh_pcm_card(handle)
        return card >= 0 ? "hw:\(card)" : PCMName.alsaName(name)
    }

    @_noLocks func resume() -> Int { Int(unsafe swh_pcm_resume(handle)) }

    /// Frames that may be moved now: captured ones, or room below `targetFrames`.
    @_noLocks func movableFrames() -> Int {
        let available = unsafe swh_pcm_avail(handle)
        if available < 0 || isCapture { return available }
        let room = targetFrames &- (bufferFrames &- available)
        return room > 0 ? room : 0
    }

    /// Frames that wait in the PCM and when they did: not yet played, or not yet read. Negative errno.
    @_noLocks func queuedFrames(at instant: inout UInt64) -> Int {
        let available = unsafe swh_pcm_avail_at(handle, &instant)
        return available < 0 || isCapture ? available : bufferFrames &- available
    }

    /// Frames between the rings and the converter; nil while the PCM cannot say.
    @_noLocks func delayFrames() -> Int? {
        let delay = unsafe swh_pcm_delay(handle)
        return delay >= 0 ? Int(delay) : nil
    }

    /// Reads up to `count` frames as the mean of the chosen channels.
    @_noLocks func read(into mono: UnsafeMutablePointer<Int16>, count: Int) -> Int {
        let moved = unsafe swh_pcm_read(handle, frames, count)
        if moved > 0 {
            unsafe PCMFrames.mix(frames, channels: channels, map: map, isWide: isWide, into: mono, count: moved)
        }
        return moved
    }

    /// Writes `count` frames to the chosen channels; the others stay silent.
    @_noLocks func write(_ mono: UnsafePointer<Int16>, count: Int) -> Int {
        unsafe PCMFrames.spread(mono, count: count, into: frames, channels: channels, map: map, isWide: isWide)
        return unsafe swh_pcm_write(handle, frames, count)
    }

    /// Waits until one of two PCMs may be served or an eventfd was signalled, at most `nanoseconds`.
    /// - Returns: true when it was the eventfd, which is cleared.
    @_noLocks static func wait(_ capture: PCMStream?, _ playback: PCMStream?, event: Int32, nanoseconds: Int64) -> Bool
    {
        unsafe swh_pcm_wait(capture?.handle, playback?.handle, event, nanoseconds) != 0
    }

    @_noLocks private func silenceFrames() {
        let words = unsafe frames.assumingMemoryBound(to: Int16.self)
        for index in 0..<(Self.largestTransfer &* channels &* (isWide ? 2 : 1)) { unsafe words[index] = 0 }
    }
}
