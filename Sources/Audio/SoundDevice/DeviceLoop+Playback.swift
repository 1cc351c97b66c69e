import Glibc
import Rings
import Synchronization

/// The way out: from the playback ring to the PCM, to a clock when there is none.
extension DeviceLoop {
    /// The most the playback ring may hold while nobody mixes, whoever fills it: 60 ms, or four periods.
    private static var longestPlaybackFill: Int { @_noLocks get { 2880 } }

    /// Playback follows the mixer and not its own periods.
    var servesInStep: Bool {
        @_noLocks get { pace.isFollowed && playback.polledStream != nil && playbackPath != nil }
    }

    /// Frames played, or a negative errno that means loss.
    @_noLocks mutating func servePlayback(at now: UInt64) -> Int {
        if servesInStep { return serveInStep(at: now) }
        var total = 0
        for _ in 0..<Self.periodsInOneGo {
            let due = playback.duePeriod(at: now)
            if due == 0 { break }
            if due > 0 { shortenPlaybackRing(above: Self.longestPlaybackFill) }
            if due > 0 && playbackRing.fill > 0 { hasHeldSound = true }
            var outcome = due < 0 ? PlaybackPath.Outcome(moved: due) : playOnce()
            if !hasHeldSound { outcome.underrun = 0 }
            if outcome.moved < 0 { return lostPlayback(outcome.moved, total, at: now) }
            count(outcome, at: now)
            total &+= outcome.moved
        }
        if total > 0 { tellPlaybackDelay() }
        return total
    }

    @_noLocks private mutating func serveInStep(at now: UInt64) -> Int {
        guard let outcome = playbackPath?.serve(playbackRing, pace, at: now) else { return 0 }
        if outcome.moved < 0 { return lostPlayback(outcome.moved, 0, at: now) }
        dryAt = outcome.deadline
        if outcome.moved > 0 {
            count(outcome, at: now)
            _ = playback.hasNoClock(at: now)
            tellPlaybackDelay()
        } else if playback.isStandingStill(at: now) {
            return -Int(ETIMEDOUT)
        }
        return outcome.moved
    }

    /// A period out of the ring to the PCM, or to nowhere without one.
    @_noLocks private mutating func playOnce() -> PlaybackPath.Outcome {
        if playbackPath != nil { return playbackPath?.playPeriod(playbackRing) ?? PlaybackPath.Outcome(moved: 0) }
        let popped = unsafe playbackRing.pop(into: scratch, count: periodFrames)
        return PlaybackPath.Outcome(moved: periodFrames, underrun: periodFrames &- popped)
    }

    @_noLocks private mutating func lostPlayback(_ code: Int, _ total: Int, at now: UInt64) -> Int {
        if isXrun(code) {
            unsafe shared.pointee.playbackXruns.wrappingAdd(1, ordering: .relaxed)
            // The gap was heard already; what piled up meanwhile would only be delay from now on.
            if !pace.isFollowed { shortenPlaybackRing(above: 2 &* periodFrames) }
        }
        let status = playback.recover(from: code, at: now)
        playbackPath?.started(holding: playback.stream?.targetFrames ?? 0)
        return status < 0 ? status : total
    }

    @_noLocks private mutating func count(_ outcome: PlaybackPath.Outcome, at now: UInt64) {
        playback.moved(outcome.moved, at: now)
        unsafe shared.pointee.playbackFrames.wrappingAdd(outcome.moved, ordering: .relaxed)
        if outcome.underrun > 0 {
            unsafe shared.pointee.playbackUnderrunFrames.wrappingAdd(outcome.underrun, ordering: .relaxed)
        }
        if outcome.discarded > 0 {
            unsafe shared.pointee.playbackDiscardedFrames.wrappingAdd(outcome.discarded, ordering: .relaxed)
        }
    }

    @_noLocks private func tellPlaybackDelay() {
        guard let stream = playback.stream, let delay = stream.delayFrames() else { return }
        unsafe shared.pointee.playbackDelayFrames.store(
            delay &* MixRate.hertz / stream.rate &+ (playbackPath?.heldSamples ?? 0), ordering: .relaxed)
    }

    @_noLocks private func shortenPlaybackRing(above limit: Int) {
        let kept = 2 &* periodFrames
        let fill = playbackRing.fill
        if fill <= limit || fill <= 2 &* kept { return }
        let discarded = playbackRing.discard(fill &- kept)
        unsafe shared.pointee.playbackDiscardedFrames.wrappingAdd(discarded, ordering: .relaxed)
    }
}
