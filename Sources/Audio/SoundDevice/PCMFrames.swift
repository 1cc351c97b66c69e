/// Interleaved frames of a PCM from and to mono 16-bit samples.
///
/// - Units: `count` in frames; wide samples are 32 bits, left-aligned.
/// - Threading: any; allocates nothing.
enum PCMFrames {
    /// Bits of the channels that carry sound: the chosen ones; else all that are heard, the first two that are played.
    static func map(_ chosen: [Int], channels: Int, isCapture: Bool) -> UInt32 {
        let numbers = chosen.isEmpty ? Array(0..<(isCapture ? channels : min(2, channels))) : chosen
        return numbers.reduce(0) { $1 < 32 ? $0 | 1 << UInt32($1) : $0 }
    }

    /// The mean of the channels of the map.
    @_noLocks static func mix(
        _ frames: UnsafeRawPointer, channels: Int, map: UInt32, isWide: Bool, into mono: UnsafeMutablePointer<Int16>,
        count: Int
    ) {
        let heard = max(1, map.nonzeroBitCount)
        if isWide {
            let samples = unsafe frames.assumingMemoryBound(to: Int32.self)
            for frame in 0..<count {
                var sum = 0
                for channel in 0..<channels where map >> UInt32(truncatingIfNeeded: channel) & 1 == 1 {
                    sum &+= Int(unsafe samples[frame &* channels &+ channel]) >> 16
                }
                unsafe mono[frame] = Int16(truncatingIfNeeded: sum / heard)
            }
        } else {
            let samples = unsafe frames.assumingMemoryBound(to: Int16.self)
            for frame in 0..<count {
                var sum = 0
                for channel in 0..<channels where map >> UInt32(truncatingIfNeeded: channel) & 1 == 1 {
                    sum &+= Int(unsafe samples[frame &* channels &+ channel])
                }
                unsafe mono[frame] = Int16(truncatingIfNeeded: sum / heard)
            }
        }
    }

    /// The same sound on the channels of the map; others are left as they are.
    @_noLocks static func spread(
        _ mono: UnsafePointer<Int16>, count: Int, into frames: UnsafeMutableRawPointer, channels: Int, map: UInt32,
        isWide: Bool
    ) {
        if isWide {
            let samples = unsafe frames.assumingMemoryBound(to: Int32.self)
            for frame in 0..<count {
                let value = Int32(unsafe mono[frame]) << 16
                for channel in 0..<channels where map >> UInt32(truncatingIfNeeded: channel) & 1 == 1 {
                    unsafe samples[frame &* channels &+ channel] = value
                }
            }
        } else {
            let samples = unsafe frames.assumingMemoryBound(to: Int16.self)
            for frame in 0..<count {
                let value = unsafe mono[frame]
                for channel in 0..<channels where map >> UInt32(truncatingIfNeeded: channel) & 1 == 1 {
                    unsafe samples[frame &* channels &+ channel] = value
                }
            }
        }
    }
}
