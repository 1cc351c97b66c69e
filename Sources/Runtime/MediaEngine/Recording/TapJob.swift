import CallModel

/// The reader of a tap's ring.
///
/// - Threading: `work` on the recording thread alone; `endOfSound` once, from control, after the tap's last block.
protocol TapJob: AnyObject, Sendable {
    /// Set by the recording thread's `add`.
    var wake: @Sendable () -> Void { get set }
    /// No worker writes to the ring any more.
    func endOfSound()
    /// Takes what the ring holds.
    /// - Returns: true when it is over; the ring is freed then.
    func work() -> Bool
}

/// What control calls a tap by.
enum TapName: Hashable {
    case recording(RecordingID)
    case listening(ListeningID)
}
