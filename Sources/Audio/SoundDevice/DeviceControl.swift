import CLinux
import Rings
import Synchronization

/// The thread of a device, from control's side.
///
/// - Threading: control. The block of atomics and the loop belong to the thread until it has ended.
@safe final class DeviceControl: Sendable {
    enum Ending {
        case ended, endedBefore, abandoned
    }

    /// What the thread runs on, and how it says that it has ended.
    private final class Context {
        var loop: DeviceLoop
        let capture: (PCMStream, String)?
        let playback: (PCMStream, String)?
        let ended: Int32

        init(loop: consuming DeviceLoop, capture: (PCMStream, String)?, playback: (PCMStream, String)?, ended: Int32) {
            self.loop = loop
            self.capture = capture
            self.playback = playback
            self.ended = ended
        }
    }

    private struct State {
        var isStopped = false
        var lastCounters = SoundDeviceCounters()
    }

    // Immutable, and what it points to is atomic; freed when the thread has ended, under `state`.
    private nonisolated(unsafe) let shared: UnsafeMutablePointer<DeviceShared>
    private let thread: UInt64
    /// eventfd, readable once the thread has left its loop.
    private let ended: Int32
    private let isRealTime: Bool
    private let state = Mutex(State())

    init(
        configuration: SoundDeviceConfiguration, captureRing: SampleRing, playbackRing: SampleRing,
        pace: DevicePace, capture: (PCMStream, String)?, playback: (PCMStream, String)?, priority: Int32,
        report: @escaping @Sendable (SoundDeviceReport) -> Void
    ) throws(SoundDeviceFault) {
        let ended = swh_eventfd_create()
        guard ended >= 0 else { throw SoundDeviceFault(code: .noThread, detail: "eventfd: errno \(-ended)") }
        let shared = UnsafeMutablePointer<DeviceShared>.allocate(capacity: 1)
        unsafe shared.initialize(to: DeviceShared())
        let context = unsafe Context(
            loop: DeviceLoop(
                configuration: configuration, shared: shared, captureRing: captureRing, playbackRing: playbackRing,
                pace: pace, report: report),
            capture: capture, playback: playback, ended: ended)
        let retained = unsafe Unmanaged.passRetained(context)
        var thread: UInt64 = 0
        let status = unsafe swh_thread_start(
            "sound", 512 << 10, priority,
            { pointer in
                guard let pointer = unsafe pointer else { return nil }
                let context = unsafe Unmanaged<Context>.fromOpaque(pointer).takeRetainedValue()
                context.loop.run(capture: context.capture, playback: context.playback)
                swh_eventfd_signal(context.ended)
                return nil
            }, retained.toOpaque(), &thread)
        guard status >= 0 else {
            unsafe retained.release()
            unsafe shared.deinitialize(count: 1)
            unsafe shared.deallocate()
            swh_close(ended)
            throw SoundDeviceFault(code: .noThread, detail: "thread: errno \(-status)")
        }
        unsafe self.shared = shared
        self.thread = thread
        self.ended = ended
        isRealTime = status == 0
    }

    var counters: SoundDeviceCounters {
        state.withLock { state in
            if state.isStopped { return state.lastCounters }
            return current
        }
    }

    /// Asks the thread to end and waits for it, at most `timeoutMilliseconds`; an abandoned thread keeps its memory.
    func stop(timeoutMilliseconds: Int32) -> Ending {
        state.withLock { state in
            if state.isStopped { return .endedBefore }
            state.isStopped = true
            unsafe shared.pointee.shouldStop.store(true, ordering: .relaxed)
            let isOver = swh_wait_readable(ended, timeoutMilliseconds) == 1
            state.lastCounters = current
            guard isOver else { return .abandoned }
            swh_thread_join(thread)
            unsafe shared.deinitialize(count: 1)
            unsafe shared.deallocate()
            swh_close(ended)
            return .ended
        }
    }

    private var current: SoundDeviceCounters {
        var counters = unsafe shared.pointee.counters
        counters.isRealTime = isRealTime
        return counters
    }
}
