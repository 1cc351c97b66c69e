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
    /// A converter's memory: 80 samples at 8 000 a second.
    private static let ringMilliseconds = 10

    private let channels: Int
    private let outputRate: Int
    private let samples: UnsafeMutablePointer<Int16>
    /// One run of `capacity` for each channel and rate.
    private let sums: UnsafeMutablePointer<Float>
    private let converted: UnsafeMutablePointer<Float>
    /// Of one channel at the file's rate, as it grows, before and behind its limiter.
    private let sum: UnsafeMutablePointer<Float>
    private let wide: UnsafeMutablePointer<Int32>
    private let limited: UnsafeMutablePointer<Int16>
    let interleaved: UnsafeMutablePointer<Int16>
    private var converters: [RateConverter?]
    private var limiters: [Limiter]
    /// Voices there are in this block, and for how many milliseconds after they end their converters ring on.
    private var isPresent: [Bool]
    private var ringing: [Int]
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
        unsafe wide = .allocate(capacity: Self.capacity)
        unsafe limited = .allocate(capacity: Self.capacity)
        unsafe interleaved = .allocate(capacity: Self.capacity * channels)
        converters = Array(repeating: nil, count: runs)
        limiters = Array(repeating: Limiter(), count: channels)
        isPresent = Array(repeating: false, count: runs)
        ringing = Array(repeating: 0, count: runs)
    }

    func free() {
        converters.forEach { $0?.destroy() }
        unsafe samples.deallocate()
        unsafe sums.deallocate()
        unsafe converted.deallocate()
        unsafe sum.deallocate()
        unsafe wide.deallocate()
        unsafe limited.deallocate()
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
            // Within ±2^30, as sums of thousands of voices are.
            for index in 0..<frames {
                unsafe wide[index] = Int32(max(-0x4000_0000, min(0x4000_0000, sum[index].rounded())))
            }
            unsafe limiters[channel].run(wide, into: limited, count: frames, rate: outputRate)
            for index in 0..<frames { unsafe interleaved[index * channels + channel] = limited[index] }
            let square = unsafe SampleMath.energy(limited, count: frames)
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
        guard isPresent[run] || ringing[run] > 0 else { return }
        let count = min(rate / 1000 * milliseconds, Self.capacity)
        if !isPresent[run] { for index in 0..<count { unsafe source[index] = 0 } }
        ringing[run] = isPresent[run] ? Self.ringMilliseconds : ringing[run] - milliseconds
        if converters[run] == nil {
            converters[run] = RateConverter(inputRate: rate, outputRate: outputRate, quality: 5)
        }
        let made = unsafe converters[run]?.run(source, count: count, into: converted, capacity: Self.capacity) ?? 0
        for index in 0..<min(made, frames) { unsafe sum[index] += converted[index] }
    }

    /// `count` frames of silence.
    func clear(_ count: Int) { unsafe SampleMath.clear(interleaved, count: count * channels) }
}
