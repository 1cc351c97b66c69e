import Glibc

/// Takes out what lies below a voice: rumble, hum's ground tone, the microphone's offset.
///
/// A second-order Butterworth high-pass at 90 Hz.
///
/// - Reference: R. Bristow-Johnson, "Audio EQ cookbook".
/// - Threading: one thread; allocates nothing, takes no lock.
struct HighPass {
    private let ahead: (Float, Float)
    private let back: (Float, Float)
    private var past: (Float, Float) = (0, 0)

    init(rate: Int) {
        let turn = 2 * Double.pi * 90 / Double(rate)
        let alpha = sin(turn) / 2.0.squareRoot()
        let scale = 1 / (1 + alpha)
        ahead = (Float((1 + cos(turn)) / 2 * scale), Float(-(1 + cos(turn)) * scale))
        back = (Float(-2 * cos(turn) * scale), Float((1 - alpha) * scale))
    }

    @_noLocks mutating func run(_ sound: Samples, count: Int) {
        for index in 0..<count {
            let input = unsafe sound[index]
            let output = ahead.0 * input + past.0
            // The least keeps silence from becoming a number so small that it is slow to work with.
            past.0 = ahead.1 * input - back.0 * output + past.1 + 1e-20
            past.1 = ahead.0 * input - back.1 * output
            unsafe sound[index] = output
        }
    }
}
