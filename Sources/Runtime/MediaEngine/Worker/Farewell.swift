import AudioGraph

/// How a voice ends that is taken out of a mix between two steps: its next sound is not there, so its last 5 ms are
/// mirrored about their end, which goes on without a step or a bend, and die away.
///
/// - Units: samples at the rate of each bus.
/// - Memory: made and freed by control with the mix; untouched until somebody leaves while it is mixed.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
@safe struct Farewell {
    /// 5 ms at 48 kHz.
    private static var capacity: Int { @_noLocks get { 240 } }

    /// Three runs of `capacity`; nil for a mix that nobody leaves.
    private let tails: UnsafeMutablePointer<Int32>?
    /// One bit for each bus that has one.
    private(set) var places: UInt8 = 0

    /// Control only.
    static func allocate(isEmpty: Bool) -> Farewell {
        if isEmpty { return unsafe Farewell(tails: nil) }
        return unsafe Farewell(tails: PagedMemory.allocate(capacity: capacity * BusRate.count))
    }

    private init(tails: UnsafeMutablePointer<Int32>?) { unsafe self.tails = tails }

    /// Control only.
    func deallocate() {
        if let tails = unsafe tails { unsafe PagedMemory.free(tails, capacity: Self.capacity * BusRate.count) }
    }

    /// - Parameter last: the newest `count` samples of the voice, 5 ms at least.
    @_noLocks mutating func add(_ last: UnsafePointer<Int16>, count: Int, rate: Int) {
        let place = BusRate.place(of: rate)
        let length = rate / 200
        guard let tails = unsafe tails, count >= length, length <= Self.capacity else { return }
        places |= UInt8(1) << UInt8(truncatingIfNeeded: place)
        let tail = unsafe tails.advanced(by: place &* Self.capacity)
        unsafe SampleMath.addMirrored(last.advanced(by: count &- length), to: tail, count: length)
    }

    /// Adds what there is to a bus.
    @_noLocks func sound(on sum: UnsafeMutablePointer<Int32>, _ place: Int) {
        guard let tails = unsafe tails else { return }
        let (tail, length) = unsafe (tails.advanced(by: place &* Self.capacity), BusRate.rate(at: place) / 200)
        var index = 0
        while index < length {
            unsafe sum[index] = unsafe sum[index] &+ tail[index]
            index &+= 1
        }
    }

    @_noLocks mutating func clear() {
        guard let tails = unsafe tails, places != 0 else { return }
        unsafe SampleMath.clear(tails, count: Self.capacity &* BusRate.count)
        places = 0
    }
}
