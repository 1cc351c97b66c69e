import Glibc
import Rings

/// What one direction of a device stands on: a PCM with a clock, a PCM without one, or none.
///
/// - Threading: the device's thread alone; the real-time part allocates nothing and takes no lock of user space.
@safe struct DevicePort {
    /// A PCM that moves this much more than the clock allows has no clock (`type null` takes everything at once).
    private static var clocklessLeadFrames: Int { @_noLocks get { 2400 } }
    /// A PCM that fails again as often before it moves a period has been lost.
    private static var mostRecoveriesInARow: Int { @_noLocks get { 20 } }
    /// A PCM that moves nothing for so long has been lost.
    private static var longestStandstillNanoseconds: UInt64 { @_noLocks get { 1_000_000_000 } }

    let periodFrames: Int
    private(set) var stream: PCMStream?
    /// Set while the clock paces this direction.
    private(set) var clock: PeriodClock?
    /// When a lost PCM is tried again; nil when nothing was lost.
    var retryAt: UInt64?
    /// Opened again after a loss, and nothing moved yet.
    var isReturning = false
    private var startedAt: UInt64 = 0
    private var movedFrames = 0
    private var lastProgress: UInt64 = 0
    private var recoveriesInARow = 0

    init(periodFrames: Int) {
        self.periodFrames = periodFrames
    }

    /// Takes over an opened PCM, or silence. A negative errno when it does not start: the caller closes it.
    @_noLocks mutating func begin(_ stream: PCMStream?, at now: UInt64) -> Int {
        self.stream = stream
        retryAt = nil
        recoveriesInARow = 0
        startedAt = now
        lastProgress = now
        movedFrames = 0
        guard let stream else {
            clock = PeriodClock(periodFrames: periodFrames, start: now)
            return 0
        }
        clock = nil
        return stream.start()
    }

    /// The clock takes over from a PCM that is lost.
    @_noLocks mutating func lose(at now: UInt64, retryAt: UInt64) -> PCMStream? {
        let lost = stream
        stream = nil
        clock = PeriodClock(periodFrames: periodFrames, start: now)
        self.retryAt = retryAt
        return lost
    }

    /// When this direction wants to be served at the latest.
    var deadline: UInt64 {
        @_noLocks get {
            if let clock { return clock.deadline }
            return lastProgress &+ Self.longestStandstillNanoseconds
        }
    }

    /// The PCM whose descriptors tell when to serve it; nil when the clock does.
    var polledStream: PCMStream? {
        @_noLocks get { clock == nil ? stream : nil }
    }

    /// 1 when a period may be moved now, else 0; negative errno.
    @_noLocks mutating func duePeriod(at now: UInt64) -> Int {
        if clock != nil {
            let isDue = clock?.takePeriod(at: now) ?? false
            return isDue ? 1 : 0
        }
        guard let stream else { return 0 }
        let movable = stream.movableFrames()
        if movable < 0 { return movable }
        if movable < stream.periodFrames { return standstill(at: now) }
        return hasNoClock(at: now) ? 0 : 1
    }

    /// The PCM moves more than any clock allows: from now on the period clock paces it.
    @_noLocks mutating func hasNoClock(at now: UInt64) -> Bool {
        guard let stream else { return false }
        let elapsedFrames = Int(truncatingIfNeeded: (now &- startedAt) / 1000 &* 48 / 1000)
        // Crystals differ by far less than one in fifty.
        let buffer = stream.bufferFrames &* MixRate.hertz / stream.rate
        let allowed = elapsedFrames &+ elapsedFrames / 50 &+ buffer &+ Self.clocklessLeadFrames
        if movedFrames &+ periodFrames <= allowed { return false }
        clock = PeriodClock(periodFrames: periodFrames, start: now)
        return true
    }

    @_noLocks mutating func moved(_ frames: Int, at now: UInt64) {
        movedFrames &+= frames
        lastProgress = now
        recoveriesInARow = 0
    }

    /// 0 when the PCM runs again after `code`, or may be asked again; else the errno of a loss.
    @_noLocks mutating func recover(from code: Int, at now: UInt64) -> Int {
        guard let stream else { return code }
        switch code {
        case -Int(EAGAIN), -Int(EINTR):
            return standstill(at: now)
        case -Int(EPIPE):
            recoveriesInARow &+= 1
            if recoveriesInARow > Self.mostRecoveriesInARow { return code }
            lastProgress = now
            return Self.softened(stream.start())
        case -Int(ESTRPIPE):
            let status = stream.resume()
            if status == 0 { return 0 }
            return status == -Int(EAGAIN) ? standstill(at: now) : Self.softened(stream.start())
        default:
            return code
        }
    }

    /// Nothing has moved for so long that the PCM counts as lost.
    @_noLocks func isStandingStill(at now: UInt64) -> Bool {
        now &- lastProgress > Self.longestStandstillNanoseconds
    }

    /// The errno of a loss once nothing has moved for too long; 0 before.
    @_noLocks private func standstill(at now: UInt64) -> Int { isStandingStill(at: now) ? -Int(ETIMEDOUT) : 0 }

    /// A second xrun while recovering is tried again at the next period.
    @_noLocks private static func softened(_ status: Int) -> Int { status == -Int(EPIPE) ? 0 : status }
}
