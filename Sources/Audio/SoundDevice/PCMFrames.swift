/// Interleaved frames of a PCM from and to mono 16-bit samples.
///
/// - Units: `count` in frames; wide samples are 32 bits, left-aligned.
/// - Threading: any; allocates nothing.
enum PCMFrames {
    /// The mean of the channels.
    @_noLocks static func mix(
        _ frames: UnsafeRawPointer, channels: Int, isWide: Bool, into mono: UnsafeMutablePointer<Int16>, count: Int
    ) {
        if isWide {
            let samples = unsafe frames.assumingMemoryBound(to: Int32.self)
            for frame in 0..<count {
                var sum = 0
                for channel in 0..<channels { sum &+= Int(unsafe samples[frame &* channels &+ channel]) >> 16 }
                unsafe mono[frame] = Int16(truncatingIfNeeded: sum / channels)
            }
        } else {
            let samples = unsafe frames.assumingMemoryBound(to: Int16.self)
            for frame in 0..<count {
                var sum = 0
                for channel in 0..<channels { sum &+= Int(unsafe samples[frame &* channels &+ channel]) }
                unsafe mono[frame] = Int16(truncatingIfNeeded: sum / channels)
            }
        }
    }

    /// The same sound on the first two channels; further ones are left as they are.
    @_noLocks static func spread(
        _ mono: UnsafePointer<Int16>, count: Int, into frames: UnsafeMutableRawPointer, channels: Int, isWide: Bool
    ) {
        let used = channels < 2 ? channels : 2
        if isWide {
            let samples = unsafe frames.assumingMemoryBound(to: Int32.self)
            for frame in 0..<count {
                let value = Int32(unsafe mono[frame]) << 16
                for channel in 0..<used { unsafe samples[frame &* channels &+ channel] = value }
            }
        } else {
            let samples = unsafe frames.assumingMemoryBound(to: Int16.self)
            for frame in 0..<count {
                let value = unsafe mono[frame]
                for channel in 0..<used { unsafe samples[frame &* channels &+ channel] = value }
            }
        }
    }
}
