import AudioGraph

/// What the receiving half of a leg needs only while it is mixed, in one piece: packets that wait, decoded sound, what
/// concealment remembers, what is said in a step.
///
/// Telephone sound needs a sixth of the room that 48 kHz needs, so each has places of its own: what a telephone leg touches
/// lies together in the first three pages.
///
/// - Units: samples; `isWide` is a rate above 8 000 a second.
/// - Memory: allocated and freed by control; copies are handles of one memory. Takes no room before it is touched.
/// - Threading: one media worker owns what it points to; allocates nothing, takes no lock.
@safe struct LegMemory {
    /// Samples of `decoded`: 120 ms of Opus and one step; 187 ms of G.711, the longest packet taken, and one step.
    @_noLocks static func decodedCapacity(isWide: Bool) -> Int { isWide ? 8192 : 1760 }
    /// Samples of 20 ms.
    private static var narrowStep: Int { 160 }
    private static var narrowHistory: Int { 640 }

    private let start: UnsafeMutablePointer<UInt8>
    let playout: PlayoutMemory
    private let narrowDecoded: UnsafeMutablePointer<Int16>
    private let wideDecoded: UnsafeMutablePointer<Int16>
    private let narrowConcealment: UnsafeMutablePointer<Float>
    private let wideConcealment: UnsafeMutablePointer<Float>
    private let narrowMirror: UnsafeMutablePointer<Float>
    private let wideMirror: UnsafeMutablePointer<Float>
    private let narrowSaid: UnsafeMutablePointer<Int16>
    private let wideSaid: UnsafeMutablePointer<Int16>

    /// Control only.
    static func allocate() -> LegMemory { LegMemory() }

    private init() {
        unsafe start = PagedMemory.allocate(capacity: Self.byteCount)
        var place = unsafe UnsafeMutableRawPointer(start)
        func take<Element>(_ type: Element.Type, _ count: Int) -> UnsafeMutablePointer<Element> {
            let memory = unsafe place.bindMemory(to: type, capacity: count)
            unsafe place += count * MemoryLayout<Element>.stride
            return unsafe memory
        }
        let places = unsafe UnsafeMutableRawPointer(take(UInt8.self, PlayoutMemory.placeBytes))
        unsafe narrowConcealment = take(Float.self, Self.narrowHistory)
        unsafe narrowSaid = take(Int16.self, Self.narrowStep)
        unsafe narrowDecoded = take(Int16.self, Self.decodedCapacity(isWide: false))
        let ring = unsafe UnsafeMutableRawPointer(take(UInt8.self, PlayoutMemory.ringBytes))
        playout = unsafe PlayoutMemory(places: places, ring: ring)
        unsafe narrowMirror = take(Float.self, Self.narrowHistory)
        unsafe wideSaid = take(Int16.self, Scratch.stepCapacity)
        unsafe wideDecoded = take(Int16.self, Self.decodedCapacity(isWide: true))
        unsafe wideConcealment = take(Float.self, Concealer.memorySamples)
        unsafe wideMirror = take(Float.self, Concealer.memorySamples)
    }

    private static var byteCount: Int {
        let narrow = (narrowStep + decodedCapacity(isWide: false)) * 2 + narrowHistory * 8
        let wide = (Scratch.stepCapacity + decodedCapacity(isWide: true)) * 2 + Concealer.memorySamples * 8
        return PlayoutMemory.placeBytes + PlayoutMemory.ringBytes + narrow + wide
    }

    /// Control only.
    func deallocate() { unsafe PagedMemory.free(start, capacity: Self.byteCount) }

    @_noLocks func decoded(isWide: Bool) -> UnsafeMutablePointer<Int16> {
        isWide ? unsafe wideDecoded : unsafe narrowDecoded
    }

    /// Room for `Concealer`.
    @_noLocks func concealment(isWide: Bool) -> UnsafeMutablePointer<Float> {
        isWide ? unsafe wideConcealment : unsafe narrowConcealment
    }

    /// Room for the `Concealer` that speaks backwards.
    @_noLocks func mirror(isWide: Bool) -> UnsafeMutablePointer<Float> {
        isWide ? unsafe wideMirror : unsafe narrowMirror
    }

    /// Room for one step of at most 20 ms.
    @_noLocks func said(isWide: Bool) -> UnsafeMutablePointer<Int16> {
        isWide ? unsafe wideSaid : unsafe narrowSaid
    }
}
