import AudioGraph
import Rings

/// The header of a tap's block.
struct TapBlockHeader {
    var milliseconds: Int
    var planes: Int
    /// Words that follow.
    var size: Int
    /// Nanoseconds of CLOCK_MONOTONIC.
    var instant: UInt64

    init(from ring: SampleRing) {
        let words = ring.words(TapBlock.headerCount)
        milliseconds = Int(words[0])
        planes = Int(words[1])
        size = Int(UInt16(bitPattern: words[2])) | Int(UInt16(bitPattern: words[3])) << 16
        instant = words[4..<8].reversed().reduce(0) { $0 << 16 | UInt64(UInt16(bitPattern: $1)) }
    }
}

extension SampleRing {
    /// Takes a few words. Consumer only; they must be there.
    fileprivate func words(_ count: Int) -> [Int16] {
        unsafe [Int16](unsafeUninitializedCapacity: count) { room, initialized in
            initialized = unsafe room.baseAddress.map { unsafe pop(into: $0, count: count) } ?? 0
        }
    }
}

/// Turns the planes of blocks, voices at rates of their own, into interleaved frames at the rate of a file.
///
/// - Memory: fixed, freed by `free`.
/// - Threading: the recording thread alone.
@safe struct RecordingShaper {
    /// Samples that fit, more than 20 ms at any rate.
    static let capacity = 1024
    /// Rates that voices may have, samples per second.
    private static let rates = [8000, 16_000, 48_000]

    private let channels: Int
    private let outputRate: Int
    private let samples: UnsafeMutablePointer<Int16>
    /// One run of `capacity` for each channel and rate.
    private let sums: UnsafeMutablePointer<Float>
    private let converted: UnsafeMutablePointer<Int16>
    private let sum: UnsafeMutablePointer<Float>
    let interleaved: UnsafeMutablePointer<Int16>
    private var converters: [RateConverter?]
    /// Voices there are in this block, and whose converters ring on from the one before.
    private var isPresent: [Bool]
    private var rings: [Bool]
    /// Mean square of the loudest channel of the frames made last.
    private(set) var loudest = 0.0

    init(channels: Int, outputRate: Int) {
        self.channels = channels
        self.outputRate = outputRate
        let runs = channels * Self.rates.count
        unsafe samples = .allocate(capacity: Self.capacity)
        unsafe sums = .allocate(capacity: Self.capacity * runs)
        unsafe converted = .allocate(capacity: Self.capacity)
        unsafe sum = .allocate(capacity: Self.capacity)
        unsafe interleaved = .allocate(capacity: Self.capacity * channels)
        converters = Array(repeating: nil, count: runs)
        isPresent = Array(repeating: false, count: runs)
        rings = isPresent
    }

    func free() {
        converters.forEach { $0?.destroy() }
        unsafe samples.deallocate()
        unsafe sums.deallocate()
        unsafe converted.deallocate()
        unsafe sum.deallocate()
        unsafe interleaved.deallocate()
    }

    /// Takes the planes of a block out of the ring.
    mutating func read(_ header: TapBlockHeader, from ring: SampleRing) {
        for index in isPresent.indices { isPresent[index] = false }
        for _ in 0..<header.planes {
            let plane = ring.words(TapBlock.planeHeaderCount)
            let (channel, rate, count) = (Int(plane[0]), Int(plane[1]) * 1000, Int(plane[2]))
            _ = unsafe ring.pop(into: samples, count: min(count, Self.capacity))
            guard let place = Self.rates.firstIndex(of: rate) else { continue }
            let run = min(channel, channels - 1) * Self.rates.count + place
            let target = unsafe sums.advanced(by: run * Self.capacity)
            for index in 0..<min(count, Self.capacity) {
                let sample = unsafe Float(samples[index])
                unsafe target[index] = unsafe isPresent[run] ? target[index] + sample : sample
            }
            isPresent[run] = true
        }
    }

    /// Fills `interleaved` from what was read; returns its frames.
    mutating func convert(_ header: TapBlockHeader) -> Int {
        let frames = min(outputRate / 1000 * header.milliseconds, Self.capacity)
        loudest = 0
        for channel in 0..<channels {
            for index in 0..<frames { unsafe sum[index] = 0 }
            for place in Self.rates.indices {
                add(channel * Self.rates.count + place, place, header.milliseconds, frames)
            }
            var square = 0.0
            for index in 0..<frames {
                let value = unsafe max(-32_768, min(32_767, sum[index].rounded()))
                square += Double(value) * Double(value)
                unsafe interleaved[index * channels + channel] = Int16(value)
            }
            loudest = max(loudest, square / Double(max(1, frames)))
        }
        return frames
    }

    /// Adds the voices of one rate to the channel's sum.
    private mutating func add(_ run: Int, _ place: Int, _ milliseconds: Int, _ frames: Int) {
        let rate = Self.rates[place]
        let source = unsafe sums.advanced(by: run * Self.capacity)
        if rate == outputRate {
            if isPresent[run] { for index in 0..<frames { unsafe sum[index] += source[index] } }
            return
        }
        guard isPresent[run] || rings[run] else { return }
        let count = min(rate / 1000 * milliseconds, Self.capacity)
        for index in 0..<count {
            unsafe samples[index] = unsafe isPresent[run] ? Int16(max(-32_768, min(32_767, source[index]))) : 0
        }
        rings[run] = isPresent[run]
        if converters[run] == nil {
            converters[run] = RateConverter(inputRate: rate, outputRate: outputRate, quality: 5)
        }
        let made = unsafe converters[run]?.run(samples, count: count, into: converted, capacity: Self.capacity) ?? 0
        for index in 0..<min(made, frames) { unsafe sum[index] += Float(converted[index]) }
    }

    /// `count` frames of silence.
    func clear(_ count: Int) { unsafe SampleMath.clear(interleaved, count: count * channels) }
}
