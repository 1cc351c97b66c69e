import CLinux
import Glibc
import Rings
import Synchronization

/// What a device's thread does: periods from the capture PCM into a ring, sound from a ring to the playback PCM.
///
/// While somebody mixes for the device (`DevicePace`) each captured step wakes the mixer, and what the mixer gives is
/// written at once; else both PCMs are served when they have or want a period.
///
/// A PCM that is lost is replaced by the clock at once and tried again every quarter of a second. Nothing spins: a wait that
/// ends too early with nothing to do is followed by a sleep of a quarter period.
///
/// - Threading: made by control, run by the device's thread; `serve` is the real-time part.
@safe struct DeviceLoop: ~Copyable {
    static let retryNanoseconds: UInt64 = 250_000_000
    /// How often a PCM that is preferred to the one in use is looked for.
    static let preferenceNanoseconds: UInt64 = 500_000_000
    static var periodsInOneGo: Int { @_noLocks get { 8 } }

    let configuration: SoundDeviceConfiguration
    let periodFrames: Int
    private let periodNanoseconds: UInt64
    let shared: UnsafeMutablePointer<DeviceShared>
    let captureRing: SampleRing
    let playbackRing: SampleRing
    let pace: DevicePace
    private let report: @Sendable (SoundDeviceReport) -> Void
    let scratch: UnsafeMutablePointer<Int16>
    var capture: DevicePort
    var playback: DevicePort
    var capturePath: CapturePath?
    var playbackPath: PlaybackPath?
    var hasHeldSound = false
    /// When the playback PCM would run dry.
    var dryAt: UInt64 = 0
    /// When a PCM that is preferred to the one in use is looked for; nil: the first of the list is in use.
    private var preferredAt: UInt64?
    private let captureSearch = PreferredSearch()
    private let playbackSearch = PreferredSearch()
    private var captureName: String
    private var playbackName: String

    init(
        configuration: SoundDeviceConfiguration, shared: UnsafeMutablePointer<DeviceShared>, captureRing: SampleRing,
        playbackRing: SampleRing, pace: DevicePace, report: @escaping @Sendable (SoundDeviceReport) -> Void
    ) {
        self.configuration = configuration
        periodFrames = configuration.periodFrames
        periodNanoseconds = UInt64(periodFrames) * 62_500 / 3
        unsafe self.shared = shared
        self.captureRing = captureRing
        self.playbackRing = playbackRing
        self.pace = pace
        self.report = report
        unsafe scratch = .allocate(capacity: PCMStream.largestTransfer)
        unsafe scratch.initialize(repeating: 0, count: PCMStream.largestTransfer)
        capture = DevicePort(periodFrames: periodFrames)
        playback = DevicePort(periodFrames: periodFrames)
        captureName = PCMName.none
        playbackName = PCMName.none
    }

    deinit {
        unsafe scratch.deallocate()
        capturePath?.deallocate()
        playbackPath?.deallocate()
    }

    /// Serves both directions until `shouldStop`; `nil` streams are silent. Closes what it was given.
    mutating func run(capture: (PCMStream, String)?, playback: (PCMStream, String)?) {
        begin(.capture, capture?.0, name: capture?.1 ?? PCMName.none)
        begin(.playback, playback?.0, name: playback?.1 ?? PCMName.none)
        preferredAt = swh_monotonic_ns() + Self.preferenceNanoseconds
        while true {
            switch serve() {
            case .stop:
                captureSearch.end()
                playbackSearch.end()
                self.capture.stream?.close()
                self.playback.stream?.close()
                return
            case .failed(let direction, let code): lose(direction, code: code)
            case .retry(let direction): reopen(direction)
            case .lookForPreferred: lookForPreferred()
            case .returned(let direction): report(.back(direction, name: name(direction)))
            }
        }
    }

    // MARK: Losing and finding PCMs

    private mutating func begin(_ direction: SoundDirection, _ stream: PCMStream?, name: String) {
        let now = swh_monotonic_ns()
        let status: Int
        switch direction {
        case .capture:
            captureName = name
            capturePath?.deallocate()
            capturePath = stream.map { CapturePath(stream: $0) }
            unsafe shared.pointee.captureFilterFrames.store(capturePath?.filterSamples ?? 0, ordering: .relaxed)
            status = capture.begin(stream, at: now)
        case .playback:
            playbackName = name
            playbackPath?.deallocate()
            playbackPath = stream.map {
                PlaybackPath(
                    stream: $0, periodMicroseconds: configuration.period, periods: configuration.periodCount)
            }
            unsafe shared.pointee.playbackFilterFrames.store(playbackPath?.filterSamples ?? 0, ordering: .relaxed)
            status = playback.begin(stream, at: now)
            playbackPath?.started(holding: stream?.targetFrames ?? 0)
        }
        if status < 0 { lose(direction, code: status) }
    }

    private mutating func lose(_ direction: SoundDirection, code: Int) {
        let now = swh_monotonic_ns()
        let (stream, wasReturning): (PCMStream?, Bool)
        switch direction {
        case .capture:
            wasReturning = capture.isReturning
            capturePath?.deallocate()
            capturePath = nil
            stream = capture.lose(at: now, retryAt: now + Self.retryNanoseconds)
        case .playback:
            wasReturning = playback.isReturning
            playbackPath?.deallocate()
            playbackPath = nil
            stream = playback.lose(at: now, retryAt: now + Self.retryNanoseconds)
        }
        stream?.close()
        preferredAt = now + Self.preferenceNanoseconds
        if wasReturning { return }  // told already, and it never came back
        unsafe shared.pointee.losses.wrappingAdd(1, ordering: .relaxed)
        report(.lost(direction, name: name(direction), reason: PCMStream.errorText(code)))
    }

    private mutating func reopen(_ direction: SoundDirection) {
        let names = (direction == .capture ? configuration.capture : configuration.playback)
            .filter { $0 != PCMName.none }
        switch DeviceOpening.openFirst(names, direction, configuration) {
        case .opened(let stream, let name):
            let faults = CardMixer.set(configuration.mixer, of: stream, name)
            if !faults.isEmpty { report(.mixer(faults.joined(separator: "; "))) }
            if direction == .capture { capture.isReturning = true } else { playback.isReturning = true }
            begin(direction, stream, name: name)
        case .silent:
            let retryAt = swh_monotonic_ns() + Self.retryNanoseconds
            if direction == .capture { capture.retryAt = retryAt } else { playback.retryAt = retryAt }
        }
    }

    /// A PCM before the one in use in its list takes over as soon as it can be opened: the card that stood in is for the
    /// time of its absence.
    private mutating func lookForPreferred() {
        var isLooking = false
        for direction in SoundDirection.allCases {
            let search = direction == .capture ? captureSearch : playbackSearch
            let list = direction == .capture ? configuration.capture : configuration.playback
            let better = Array(list.prefix { $0 != name(direction) && $0 != PCMName.none })
            // What is lost is tried four times a second anyway.
            let isLost = (direction == .capture ? capture.retryAt : playback.retryAt) != nil
            if isLost { isLooking = true }
            if better.isEmpty || isLost { continue }
            isLooking = true
            guard let found = search.take() else {
                search.begin(better, direction, configuration)
                continue
            }
            let former = name(direction)
            (direction == .capture ? capture.stream : playback.stream)?.close()
            begin(direction, found.stream, name: found.name)
            report(.preferred(direction, name: found.name, from: former))
        }
        preferredAt = isLooking ? swh_monotonic_ns() + Self.preferenceNanoseconds : nil
    }

    private func name(_ direction: SoundDirection) -> String {
        direction == .capture ? captureName : playbackName
    }

    // MARK: Real time

    private enum Interruption {
        case stop
        case failed(SoundDirection, code: Int)
        case retry(SoundDirection)
        case lookForPreferred
        case returned(SoundDirection)
    }

    /// Moves periods until something has to be done that a real-time thread must not do.
    @_noLocks private mutating func serve() -> Interruption {
        while true {
            if unsafe shared.pointee.shouldStop.load(ordering: .relaxed) { return .stop }
            let now = swh_monotonic_ns()
            let captured = serveCapture(at: now)
            if captured < 0 { return .failed(.capture, code: captured) }
            let played = servePlayback(at: now)
            if played < 0 { return .failed(.playback, code: played) }
            if capture.isReturning, captured > 0 {
                capture.isReturning = false
                return .returned(.capture)
            }
            if playback.isReturning, played > 0 {
                playback.isReturning = false
                return .returned(.playback)
            }
            if let retryAt = capture.retryAt, retryAt <= now { return .retry(.capture) }
            if let retryAt = playback.retryAt, retryAt <= now { return .retry(.playback) }
            if let preferredAt, preferredAt <= now { return .lookForPreferred }
            wait(from: now, hasMoved: captured > 0 || played > 0)
        }
    }

    @_noLocks private mutating func wait(from now: UInt64, hasMoved: Bool) {
        var deadline = now &+ 2 &* periodNanoseconds
        if capture.deadline < deadline { deadline = capture.deadline }
        let isInStep = servesInStep
        let played = isInStep ? dryAt : playback.deadline
        if played < deadline { deadline = played }
        if deadline <= now { return }  // a clock has more periods due; it counts one each time and so comes to an end
        let wasGiven = PCMStream.wait(
            capture.polledStream, isInStep ? nil : playback.polledStream, event: pace.played,
            nanoseconds: Int64(deadline &- now))
        if !hasMoved, !wasGiven, swh_monotonic_ns() &- now < periodNanoseconds / 8 {
            swh_sleep_until(min(deadline, now &+ periodNanoseconds / 4))
        }
    }

    /// Frames captured, or a negative errno that means loss.
    @_noLocks private mutating func serveCapture(at now: UInt64) -> Int {
        var total = 0
        for _ in 0..<Self.periodsInOneGo {
            let due = capture.duePeriod(at: now)
            if due == 0 { break }
            var overrun = 0
            let moved = due < 0 ? due : captureOnce(overrun: &overrun)
            if moved < 0 {
                if isXrun(moved) { unsafe shared.pointee.captureXruns.wrappingAdd(1, ordering: .relaxed) }
                let status = capture.recover(from: moved, at: now)
                capturePath?.started()
                return status < 0 ? status : total
            }
            capture.moved(moved, at: now)
            total &+= moved
            unsafe shared.pointee.captureFrames.wrappingAdd(moved, ordering: .relaxed)
            if overrun > 0 { unsafe shared.pointee.captureOverrunFrames.wrappingAdd(overrun, ordering: .relaxed) }
        }
        if total > 0 {
            pace.captured(fill: captureRing.fill)
            if let stream = capture.stream, let delay = stream.delayFrames() {
                let held = capturePath?.heldSamples ?? 0
                unsafe shared.pointee.captureDelayFrames.store(
                    delay &* MixRate.hertz / stream.rate &+ held, ordering: .relaxed)
            }
        }
        return total
    }

    /// A period, silence without a PCM, into the ring.
    @_noLocks private mutating func captureOnce(overrun: inout Int) -> Int {
        if capturePath != nil { return capturePath?.capture(into: captureRing, pace, overrun: &overrun) ?? 0 }
        for index in 0..<periodFrames { unsafe scratch[index] = 0 }
        overrun = unsafe periodFrames &- captureRing.push(scratch, count: periodFrames)
        return periodFrames
    }

    @_noLocks func isXrun(_ code: Int) -> Bool { code == -Int(EPIPE) }
}
