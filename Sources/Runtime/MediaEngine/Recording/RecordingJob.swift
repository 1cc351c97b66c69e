import AudioGraph
import CallModel
import EdgeProtocols
import PromptAudio
import Rings
internal import Synchronization

/// One recording on its way from a tap's ring into a file: holes filled with silence, 16 kHz, encoded.
///
/// - Units: the file has 16 kHz, 16 bit (ncco §3.1).
/// - Threading: `work` on the recording thread alone; `endOfSound` once, from control, after the tap's last block.
final class RecordingJob: TapJob, @unchecked Sendable {
    // Unchecked: `isOver` is atomic and `wake` is set before another thread has the job; the recording thread alone
    // touches the rest.
    private static let sampleRate = 16_000
    /// A hole shorter than that is the jitter of two clocks.
    private static let toleratedMilliseconds = 40

    var wake: @Sendable () -> Void = {}
    private let id: RecordingID
    private let ring: SampleRing
    private let channels: Int
    private let setting: RecordingSetting
    private let maximumBytes: Int64
    private let tell: @Sendable (MediaReport) -> Void
    private let giveUp: @Sendable (RecordingID) -> Void
    private let isOver = Atomic<Bool>(false)

    private var file: SoundFileWriter?
    private var failure: String?
    private var block: TapBlockHeader?
    private var shaper: RecordingShaper
    private var silence: SilenceDetector?
    private var frames: Int64 = 0
    private var firstInstant: UInt64?
    private var hasOpened = false

    init(
        id: RecordingID, ring: SampleRing, channels: Int, setting: RecordingSetting, maximumBytes: Int64,
        tell: @escaping @Sendable (MediaReport) -> Void, giveUp: @escaping @Sendable (RecordingID) -> Void
    ) {
        self.id = id
        self.ring = ring
        self.channels = channels
        self.setting = setting
        self.maximumBytes = maximumBytes
        self.tell = tell
        self.giveUp = giveUp
        shaper = RecordingShaper(channels: channels, outputRate: Self.sampleRate)
        silence = setting.silenceSeconds.map { SilenceDetector(seconds: $0) }
    }

    deinit { shaper.free() }

    func endOfSound() {
        isOver.store(true, ordering: .releasing)
        wake()
    }

    /// Writes what is there.
    /// - Returns: true when the file is complete; the ring is freed then and the end told.
    func work() -> Bool {
        // Read first: what the ring holds afterwards is all there will be.
        let isLast = isOver.load(ordering: .acquiring)
        if !hasOpened { open() }
        while takeBlock() {}
        guard isLast else { return false }
        ring.deallocate()
        tell(.recordingEnded(id, close()))
        return true
    }

    private func open() {
        hasOpened = true
        do throws(SoundFileFault) {
            file = try SoundFileWriter(
                path: setting.path, format: setting.format, sampleRate: Self.sampleRate, channels: channels)
        } catch {
            fail(error.reason)
        }
    }

    private func close() -> RecordingResult {
        var result = RecordingResult(
            byteCount: 0, milliseconds: Int(frames * 1000 / Int64(Self.sampleRate)), failure: failure)
        if let (bytes, fault) = file.take()?.close() {
            result.byteCount = bytes
            result.failure = failure ?? fault?.reason
        }
        return result
    }

    private func fail(_ reason: String) {
        if failure != nil { return }
        failure = reason
        giveUp(id)
    }

    /// Takes one block out of the ring; false when none is complete.
    private func takeBlock() -> Bool {
        if block == nil {
            guard ring.fill >= TapBlock.headerCount else { return false }
            block = TapBlockHeader(from: ring)
        }
        guard let header = block, ring.fill >= header.size else { return false }
        block = nil
        shaper.read(header, from: ring)
        if failure == nil { write(header) }
        return true
    }

    private func write(_ header: TapBlockHeader) {
        let first = firstInstant ?? header.instant
        firstInstant = first
        let due = Int64((header.instant &- first) / 1000 * UInt64(Self.sampleRate) / 1_000_000)
        if due - frames > Int64(Self.sampleRate * Self.toleratedMilliseconds / 1000) { fill(due - frames) }
        put(shaper.convert(header))
        if silence?.hears(shaper.loudest, milliseconds: header.milliseconds) == true { tell(.recordingSilent(id)) }
    }

    /// Sound that never came: lost in a full ring, or the leg was on its way between two mixes.
    private func fill(_ missing: Int64) {
        var left = missing
        while left > 0, failure == nil {
            let count = Int(min(left, Int64(RecordingShaper.capacity)))
            shaper.clear(count)
            put(count)
            left -= Int64(count)
        }
    }

    private func put(_ count: Int) {
        guard count > 0 else { return }
        do throws(SoundFileFault) {
            try unsafe file?.write(shaper.interleaved, frames: count)
            frames += Int64(count)
        } catch {
            fail(error.reason)
            return
        }
        if let bytes = file?.byteCount, bytes > maximumBytes {
            fail("limits.recording_file is reached: \(maximumBytes) bytes")
        }
    }
}
