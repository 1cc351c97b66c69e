internal import Dispatch

/// An open sound device as a leg's media: closes itself away from every caller, as a sound server may hang.
final class DeviceHandle: Sendable {
    /// Xruns so far.
    let xruns: @Sendable () -> Int
    private let closing: @Sendable () -> Void

    init(xruns: @escaping @Sendable () -> Int, closing: @escaping @Sendable () -> Void) {
        self.xruns = xruns
        self.closing = closing
    }

    func close() {
        DispatchQueue.global().async(execute: closing)
    }
}
