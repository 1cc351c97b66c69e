import Synchronization

/// What the device's thread and control share: one block of atomics, made and freed by control.
struct DeviceShared: ~Copyable {
    let shouldStop = Atomic<Bool>(false)
    let playbackFrames = Atomic<Int>(0)
    let captureFrames = Atomic<Int>(0)
    let playbackXruns = Atomic<Int>(0)
    let captureXruns = Atomic<Int>(0)
    let playbackUnderrunFrames = Atomic<Int>(0)
    let playbackDiscardedFrames = Atomic<Int>(0)
    let captureOverrunFrames = Atomic<Int>(0)
    let playbackDelayFrames = Atomic<Int>(0)
    let captureDelayFrames = Atomic<Int>(0)
    let playbackFilterFrames = Atomic<Int>(0)
    let captureFilterFrames = Atomic<Int>(0)
    let losses = Atomic<Int>(0)

    var counters: SoundDeviceCounters {
        var counters = SoundDeviceCounters()
        counters.playbackFrames = playbackFrames.load(ordering: .relaxed)
        counters.captureFrames = captureFrames.load(ordering: .relaxed)
        counters.playbackXruns = playbackXruns.load(ordering: .relaxed)
        counters.captureXruns = captureXruns.load(ordering: .relaxed)
        counters.playbackUnderrunFrames = playbackUnderrunFrames.load(ordering: .relaxed)
        counters.playbackDiscardedFrames = playbackDiscardedFrames.load(ordering: .relaxed)
        counters.captureOverrunFrames = captureOverrunFrames.load(ordering: .relaxed)
        counters.playbackDelayFrames = playbackDelayFrames.load(ordering: .relaxed)
        counters.captureDelayFrames = captureDelayFrames.load(ordering: .relaxed)
        counters.playbackFilterFrames = playbackFilterFrames.load(ordering: .relaxed)
        counters.captureFilterFrames = captureFilterFrames.load(ordering: .relaxed)
        counters.losses = losses.load(ordering: .relaxed)
        return counters
    }
}
