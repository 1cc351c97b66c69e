import CLinux
internal import Synchronization

/// How a device and whoever mixes for it keep step: the device wakes the mixer when a step of sound was captured, the
/// mixer tells the device when it has put a step into the playback ring.
///
/// - Units: frames at 48 kHz; instants in nanoseconds of CLOCK_MONOTONIC.
/// - Memory: allocated and freed with the device; copies are handles of one block.
/// - Threading: `follow`, `leave`, `stepped` and `isCaptured` by one mixing thread at a time; the rest by the device's
///   thread. Nobody waits, locks or allocates.
@safe public struct DevicePace: @unchecked Sendable {
    // Unchecked: everything shared is an atomic, and `played` is a descriptor that lives as long as the block.
    private struct Block: ~Copyable {
        /// eventfd of the mixer; negative: nobody mixes.
        let listener = Atomic<Int32>(-1)
        let step = Atomic<Int>(480)
        let drives = Atomic<Bool>(false)
        let steppedAt = Atomic<UInt64>(0)
        let steppedFrames = Atomic<Int>(0)
    }

    private let block: UnsafeMutablePointer<Block>
    /// eventfd that wakes the device's thread.
    let played: Int32

    /// Control only.
    public static func allocate() throws(SoundDeviceFault) -> DevicePace {
        let played = swh_eventfd_create()
        guard played >= 0 else { throw SoundDeviceFault(code: .noThread, detail: "eventfd: errno \(-played)") }
        let block = UnsafeMutablePointer<Block>.allocate(capacity: 1)
        unsafe block.initialize(to: Block())
        return unsafe DevicePace(block: block, played: played)
    }

    private init(block: UnsafeMutablePointer<Block>, played: Int32) {
        unsafe self.block = block
        self.played = played
    }

    /// Control only.
    public func deallocate() {
        swh_close(played)
        unsafe block.deinitialize(count: 1)
        unsafe block.deallocate()
    }

    // MARK: - The mixer's side

    /// From now on this thread mixes for the device.
    /// - Parameters:
    ///   - wake: its eventfd, signalled when a step was captured.
    ///   - step: frames it takes and gives each time.
    ///   - drives: it does so whenever they were captured, and not by another clock.
    @_noLocks public func follow(wake: Int32, step: Int, drives: Bool) {
        unsafe block.pointee.step.store(step, ordering: .relaxed)
        unsafe block.pointee.drives.store(drives, ordering: .relaxed)
        unsafe block.pointee.listener.store(wake, ordering: .releasing)
    }

    @_noLocks public func leave() { unsafe block.pointee.listener.store(-1, ordering: .releasing) }

    /// A step was taken from the capture ring and another one put into the playback ring.
    @_noLocks public func stepped(frames: Int) {
        let total = unsafe block.pointee.steppedFrames.load(ordering: .relaxed) &+ frames
        unsafe block.pointee.steppedAt.store(swh_monotonic_ns(), ordering: .relaxed)
        unsafe block.pointee.steppedFrames.store(total, ordering: .releasing)
        swh_eventfd_signal(played)
    }

    // MARK: - The device's side

    var isFollowed: Bool {
        @_noLocks get { unsafe block.pointee.listener.load(ordering: .acquiring) >= 0 }
    }

    var step: Int {
        @_noLocks get { unsafe block.pointee.step.load(ordering: .relaxed) }
    }

    var drives: Bool {
        @_noLocks get { unsafe block.pointee.drives.load(ordering: .relaxed) }
    }

    /// Frames stepped so far and when the last of them were.
    var lastStep: (frames: Int, instant: UInt64) {
        @_noLocks get {
            let frames = unsafe block.pointee.steppedFrames.load(ordering: .acquiring)
            return (frames, unsafe block.pointee.steppedAt.load(ordering: .relaxed))
        }
    }

    /// So much is captured now.
    @_noLocks func captured(fill: Int) {
        let listener = unsafe block.pointee.listener.load(ordering: .acquiring)
        if listener >= 0 && fill >= step { swh_eventfd_signal(listener) }
    }
}
