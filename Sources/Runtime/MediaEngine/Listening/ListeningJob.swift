import AudioGraph
import CallModel
import EdgeProtocols
import Rings
internal import Synchronization

/// One listening: a leg's own voice out of a tap's ring, at 16 kHz in frames of 20 ms.
///
/// - Threading: `work` on the recording thread alone; `arm` and `endOfSound` from control.
final class ListeningJob: TapJob, @unchecked Sendable {
    // Unchecked: `isOver` and `isArmed` are atomic and `wake` is set before another thread has the job; the recording
    // thread alone touches the rest.
    static let sampleRate = 16_000
    static let frameCount = 320

    var wake: @Sendable () -> Void = {}
    private let ring: SampleRing
    private let isOver = Atomic<Bool>(false)
    private let isArmed = Atomic<Bool>(false)
    private var block: TapBlockHeader?
    private var shaper = RecordingShaper(channels: 1, outputRate: ListeningJob.sampleRate)
    private var frame: [Int16] = []
    private var listener: any TapListener

    init(ring: SampleRing, listener: any TapListener) {
        self.ring = ring
        self.listener = listener
        frame.reserveCapacity(Self.frameCount)
    }

    deinit { shaper.free() }

    /// The prompts are over.
    func arm() { isArmed.store(true, ordering: .releasing) }

    func endOfSound() {
        isOver.store(true, ordering: .releasing)
        wake()
    }

    func work() -> Bool {
        let isLast = isOver.load(ordering: .acquiring)
        if isArmed.load(ordering: .acquiring) { listener.arm() }
        while takeBlock() {}
        guard isLast else { return false }
        ring.deallocate()
        listener.soundEnded()
        return true
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
        let count = shaper.convert(header)
        for index in 0..<count {
            unsafe frame.append(shaper.interleaved[index])
            if frame.count == Self.frameCount {
                listener.hear(frame)
                frame.removeAll(keepingCapacity: true)
            }
        }
        return true
    }
}

/// What a listening does with the sound.
protocol TapListener {
    /// Its time runs from now on.
    mutating func arm()
    /// Takes the next 20 ms at 16 kHz.
    mutating func hear(_ frame: [Int16])
    /// The leg is gone, or nobody asks any more.
    mutating func soundEnded()
}
