internal import Dispatch

/// An open sound device as a leg's media: closes itself away from every caller, as a sound server may hang.
final class DeviceHandle: Sendable {
    /// Xruns so far.
    let xruns: @Sendable () -> Int
    /// Samples at 48 kHz from what it is given to what it hears of it, the air left out; nil when nobody can say.
    let echoDelay: @Sendable () -> Int?
    private let closing: @Sendable () -> Void

    init(
        xruns: @escaping @Sendable () -> Int, echoDelay: @escaping @Sendable () -> Int? = { nil },
        closing: @escaping @Sendable () -> Void
    ) {
        self.xruns = xruns
        self.echoDelay = echoDelay
        self.closing = closing
    }

    /// The same device, whose way from loudspeaker to microphone can be told.
    func measuring(echoDelay: @escaping @Sendable () -> Int?) -> DeviceHandle {
        DeviceHandle(xruns: xruns, echoDelay: echoDelay, closing: closing)
    }

    func close() {
        DispatchQueue.global().async(execute: closing)
    }
}
