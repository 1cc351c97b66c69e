import CLinux

/// Mixes whose ticks a sound device drives: the card's clock is the mix's, and no sound waits for a timer.
extension Worker {
    /// How much later than expected a captured step may come before the timer ticks without it.
    private static var grace: UInt64 { @_noLocks get { 10_000_000 } }

    /// Ticks every driven mix for which a step was captured.
    @_noLocks mutating func runDriven() {
        var mix = unsafe driven
        while let current = unsafe mix {
            unsafe mix = current.pointee.nextDriven
            unsafe runDriven(current)
        }
    }

    @_noLocks private mutating func runDriven(_ mix: MixPointer) {
        let count = unsafe 48 &* mix.pointee.step
        let period = UInt64(unsafe mix.pointee.step) &* 1_000_000
        var rounds = 0
        while rounds < 8 {
            rounds &+= 1
            // A tick may change who drives, or that anybody does.
            guard let leg = unsafe mix.pointee.driver, let device = unsafe leg.pointee.device else { return }
            if !device.isReady(count) { return }
            let now = swh_monotonic_ns()
            // Either way the device leads again, and the timer waits for the step after this one.
            unsafe heap.set(mix.pointee.node, now &+ max(period, device.periodNanoseconds) &+ Self.grace)
            let missed = unsafe mix.pointee.missedAt
            unsafe mix.pointee.missedAt = 0
            if missed != 0 && now &- missed < period / 2 {
                device.skip(count)
                continue
            }
            unsafe scratch.sink.shared.pointee.countTick(lateNanoseconds: 0)
            unsafe run(mix, at: now)
        }
    }

    /// Chooses the device that drives a mix: the first that has a clock.
    @_noLocks mutating func chooseDriver(_ mix: MixPointer) {
        var chosen: LegPointer?
        if case .mixing = unsafe mix.pointee.mode {
            var member = unsafe mix.pointee.members
            while let leg = unsafe member {
                unsafe member = leg.pointee.next
                // Members are listed newest first: the one that has been there longest keeps the lead.
                if let device = unsafe leg.pointee.device, device.hasClock { unsafe chosen = leg }
            }
        }
        if unsafe chosen == mix.pointee.driver { return }
        if unsafe mix.pointee.driver != nil { unsafe unlinkDriven(mix) }
        unsafe mix.pointee.driver = chosen
        unsafe mix.pointee.missedAt = 0
        if unsafe chosen == nil { return }
        unsafe mix.pointee.nextDriven = driven
        unsafe driven = mix
    }

    /// Every device of a mix is told by whom it is taken.
    @_noLocks func followDevices(_ mix: MixPointer) {
        let step = unsafe 48 &* mix.pointee.step
        let isMixing: Bool
        if case .mixing = unsafe mix.pointee.mode { isMixing = true } else { isMixing = false }
        var member = unsafe mix.pointee.members
        while let leg = unsafe member {
            unsafe member = leg.pointee.next
            guard let device = unsafe leg.pointee.device else { continue }
            if isMixing {
                unsafe device.follow(wake: wakeDescriptor, step: step, drives: leg == mix.pointee.driver)
            } else {
                device.leave()
            }
        }
    }

    @_noLocks private mutating func unlinkDriven(_ mix: MixPointer) {
        if unsafe driven == mix {
            unsafe driven = mix.pointee.nextDriven
        } else {
            var current = unsafe driven
            while let candidate = unsafe current {
                if unsafe candidate.pointee.nextDriven == mix {
                    unsafe candidate.pointee.nextDriven = mix.pointee.nextDriven
                    break
                }
                unsafe current = candidate.pointee.nextDriven
            }
        }
        unsafe mix.pointee.nextDriven = nil
    }
}
