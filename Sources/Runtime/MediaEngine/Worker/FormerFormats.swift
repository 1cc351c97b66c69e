/// The payload types of the agreement before, while the peer may still send by it, and what must live as long.
///
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
@safe struct FormerFormats {
    /// The peer is expected to follow within the time that an answer may take (RFC 3261, timer B); silent that long, it has.
    static var patience: UInt64 { @_noLocks get { 32_000_000_000 } }

    private(set) var payloadType: UInt8 = 255
    private(set) var noise: UInt8 = 255
    private(set) var redundancy: UInt8 = 255
    /// When it was heard last, nanoseconds of CLOCK_MONOTONIC.
    var heard: UInt64 = 0
    /// The change whose replaced equipment is still in use: it goes back to control when the peer has followed.
    var change: UnsafeMutablePointer<LegChange>?

    @_noLocks mutating func follow(_ settings: borrowing LegSettings, at now: UInt64) {
        payloadType = settings.receivePayloadType
        noise = settings.noiseReceivePayloadType
        redundancy = settings.redundancyReceivePayloadType
        heard = now
    }

    @_noLocks func has(_ type: UInt8) -> Bool {
        type != 255 && (type == payloadType || type == noise || type == redundancy)
    }
}
