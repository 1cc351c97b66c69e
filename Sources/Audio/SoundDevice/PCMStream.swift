import CALSA
import Glibc

/// One open ALSA PCM at 48 kHz, seen as mono 16-bit frames.
///
/// - Units: frames. `targetFrames` is how much playback may be queued: the buffer can be larger than was asked for
///   (PulseAudio gives three periods for two), and every queued frame is delay.
/// - Threading: opened by control or by the device's thread; moved, recovered and closed by the device's thread.
/// - Fails with: negative errno of ALSA.
@safe struct PCMStream {
    /// Frames moved by one call at most.
    static var largestTransfer: Int { @_noLocks get { 2048 } }

    private let isCapture: Bool
    let targetFrames: Int
    let bufferFrames: Int
    private let handle: OpaquePointer
    private let channels: Int
    private let isWide: Bool
    /// Interleaved frames as the PCM has them.
    private let frames: UnsafeMutableRawPointer

    /// Opens `name` (see `PCMName`); the reason of a failure is in words.
    static func open(_ name: String, _ direction: SoundDirection, configuration: SoundDeviceConfiguration)
        -> Result<PCMStream, OpenFailure>
    {
        let periodFrames = configuration.periodFrames
        var shape = swh_pcm_shape()
        var reason = [CChar](repeating: 0, count: 256)
        guard
            let handle = unsafe swh_pcm_open(
                name, Int32(direction == .capture ? SWH_PCM_CAPTURE : SWH_PCM_PLAYBACK), UInt32(periodFrames),
                UInt32(configuration.periodCount), &shape, &reason, reason.count)
        else { return .failure(OpenFailure(reason: text(reason))) }
        let buffer = Int(shape.buffer_frames)
        // A PCM with longer periods than asked for only moves by those, so two of them must fit.
        let wanted = max(periodFrames * configuration.periodCount, 2 * Int(shape.period_frames))
        let target = min(buffer, wanted)
        let wake = direction == .capture ? periodFrames : min(buffer, buffer - target + periodFrames)
        let status = unsafe swh_pcm_set_thresholds(handle, UInt32(wake), UInt32(max(1, target)))
        guard status == 0 else {
            unsafe swh_pcm_close(handle)
            return .failure(OpenFailure(reason: "thresholds: \(errorText(Int(status)))"))
        }
        return .success(
            unsafe PCMStream(isCapture: direction == .capture, target: target, handle: handle, shape: shape))
    }

    struct OpenFailure: Error {
        var reason: String
    }

    private init(isCapture: Bool, target: Int, handle: OpaquePointer, shape: swh_pcm_shape) {
        self.isCapture = isCapture
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

    private static func text(_ characters: [CChar]) -> String {
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

    @_noLocks func resume() -> Int { Int(unsafe swh_pcm_resume(handle)) }

    /// Frames that may be moved now: captured ones, or room below `targetFrames`.
    @_noLocks func movableFrames() -> Int {
        let available = unsafe swh_pcm_avail(handle)
        if available < 0 || isCapture { return available }
        let room = targetFrames &- (bufferFrames &- available)
        return room > 0 ? room : 0
    }

    /// Frames between the rings and the converter; nil while the PCM cannot say.
    @_noLocks func delayFrames() -> Int? {
        let delay = unsafe swh_pcm_delay(handle)
        return delay >= 0 ? Int(delay) : nil
    }

    /// Reads up to `count` frames as the mean of the channels.
    @_noLocks func read(into mono: UnsafeMutablePointer<Int16>, count: Int) -> Int {
        let moved = unsafe swh_pcm_read(handle, frames, count)
        if moved > 0 { unsafe PCMFrames.mix(frames, channels: channels, isWide: isWide, into: mono, count: moved) }
        return moved
    }

    /// Writes `count` frames to the first two channels; further ones stay silent.
    @_noLocks func write(_ mono: UnsafePointer<Int16>, count: Int) -> Int {
        unsafe PCMFrames.spread(mono, count: count, into: frames, channels: channels, isWide: isWide)
        return unsafe swh_pcm_write(handle, frames, count)
    }

    /// Waits until one of two PCMs may be served, at most `nanoseconds`.
    @_noLocks static func wait(_ capture: PCMStream?, _ playback: PCMStream?, nanoseconds: Int64) {
        unsafe swh_pcm_wait(capture?.handle, playback?.handle, nanoseconds)
    }

    @_noLocks private func silenceFrames() {
        let words = unsafe frames.assumingMemoryBound(to: Int16.self)
        for index in 0..<(Self.largestTransfer &* channels &* (isWide ? 2 : 1)) { unsafe words[index] = 0 }
    }
}
