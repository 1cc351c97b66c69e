/// Eight neighbouring samples or bins, worked on at once.
typealias Lane = SIMD8<Float>
typealias Lanes = UnsafeMutablePointer<Lane>
typealias Samples = UnsafeMutablePointer<Float>

extension SIMD8 where Scalar == Float {
    /// The sum of its elements.
    var total: Float {
        @_noLocks get { (self[0] + self[1]) + (self[2] + self[3]) + (self[4] + self[5]) + (self[6] + self[7]) }
    }

    @_noLocks func atLeast(_ floor: Lane) -> Lane { replacing(with: floor, where: self .< floor) }
    @_noLocks func atMost(_ ceiling: Lane) -> Lane { replacing(with: ceiling, where: self .> ceiling) }
}

/// A complex spectrum as two planes of lanes; bins beyond the last are zero.
@safe struct Spectrum {
    let re: Lanes
    let im: Lanes

    init(_ arena: inout LaneArena, lanes: Int) {
        unsafe re = arena.lanes(lanes)
        unsafe im = arena.lanes(lanes)
    }

    @_noLocks init(re: Lanes, im: Lanes) {
        unsafe self.re = re
        unsafe self.im = im
    }

    /// Writes |S|² of each bin.
    @_noLocks func power(into target: Lanes, lanes: Int) {
        for lane in 0..<lanes {
            let (real, imaginary) = unsafe (re[lane], im[lane])
            unsafe target[lane] = real * real + imaginary * imaginary
        }
    }
}

/// One block of memory that a voice's processing is cut from: made and freed by control.
///
/// - Threading: control only; what was cut out belongs to the thread that runs the processing.
@safe struct LaneArena {
    let base: Lanes
    private let capacity: Int
    private var used = 0

    init(capacity: Int) {
        unsafe base = .allocate(capacity: capacity)
        unsafe base.initialize(repeating: Lane(), count: capacity)
        self.capacity = capacity
    }

    mutating func lanes(_ count: Int) -> Lanes {
        precondition(used + count <= capacity, "the arena of \(capacity) lanes is too small for \(used + count)")
        defer { used += count }
        return unsafe base.advanced(by: used)
    }

    /// Room for at least `count` samples, aligned to lanes.
    mutating func samples(_ count: Int) -> Samples {
        let room = unsafe lanes((count + 7) / 8)
        return unsafe UnsafeMutableRawPointer(room).assumingMemoryBound(to: Float.self)
    }
}
