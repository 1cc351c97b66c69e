/// The last spectra of the far end, one a hop, as the partitions of an echo path see them.
///
/// - Threading: one thread; allocates nothing, takes no lock.
@safe struct FarHistory {
    /// Hops in a transform, and in the part of it that a partition fills.
    static var hopsInFrame: Int { @_noLocks get { 4 } }
    static var hopsInPartition: Int { @_noLocks get { 3 } }

    private let spectra: Spectrum
    private let lanes: Int
    private let slots: Int
    private let fft: RealFFT
    private let hop: Int
    private let frame: Samples
    private var newest = 0

    static func lanes(size: Int, partitions: Int) -> Int {
        (size / 16 + 1) * 2 * hopsInPartition * partitions + size / 8 + 1
    }

    init(_ arena: inout LaneArena, fft: RealFFT, hop: Int, partitions: Int) {
        self.fft = fft
        self.hop = hop
        lanes = (fft.size / 2 + 8) / 8
        slots = Self.hopsInPartition * partitions
        spectra = Spectrum(&arena, lanes: lanes * slots)
        unsafe frame = arena.samples(fft.size)
    }

    @_noLocks mutating func take(_ far: UnsafePointer<Float>) {
        let kept = fft.size &- hop
        for index in 0..<kept { unsafe frame[index] = frame[index &+ hop] }
        for index in 0..<hop { unsafe frame[kept &+ index] = far[index] }
        newest = newest &+ 1 == slots ? 0 : newest &+ 1
        unsafe fft.forward(frame, into: slot(newest))
    }

    /// The frame that a partition sees now.
    @_noLocks func seen(by partition: Int) -> Spectrum {
        let index = newest &- Self.hopsInPartition &* partition
        return slot(index < 0 ? index &+ slots : index)
    }

    @_noLocks private func slot(_ index: Int) -> Spectrum {
        unsafe Spectrum(re: spectra.re.advanced(by: index &* lanes), im: spectra.im.advanced(by: index &* lanes))
    }
}
