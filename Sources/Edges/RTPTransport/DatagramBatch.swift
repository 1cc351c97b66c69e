internal import CLinux

/// Room for the datagrams of one receive call.
///
/// - Threading: control makes it and calls `destroy` once; one media worker uses it.
@safe public struct DatagramBatch {
    let batch: OpaquePointer

    /// - Parameters:
    ///   - datagrams: received at once, at most.
    ///   - bytes: longest datagram taken; longer ones count as empty.
    public init?(datagrams: Int, bytes: Int = 2048) {
        guard let made = unsafe swh_batch_new(UInt32(datagrams), UInt32(bytes)) else { return nil }
        unsafe batch = made
    }

    public func destroy() { unsafe swh_batch_free(batch) }

    /// The datagram's bytes: in the batch, and changed in place by unprotecting; valid until the next receive.
    @_noLocks public func bytes(_ index: Int) -> UnsafeMutablePointer<UInt8> {
        unsafe swh_received(batch, Int32(truncatingIfNeeded: index)).pointee.data
    }

    @_noLocks public func count(_ index: Int) -> Int {
        Int(unsafe swh_received(batch, Int32(truncatingIfNeeded: index)).pointee.count)
    }

    @_noLocks public func source(_ index: Int) -> SocketAddress {
        SocketAddress(unsafe swh_received(batch, Int32(truncatingIfNeeded: index)).pointee.source)
    }

    /// Kernel receive time on CLOCK_REALTIME, nanoseconds; 0 when there was none.
    @_noLocks public func realtime(_ index: Int) -> Int64 {
        unsafe swh_received(batch, Int32(truncatingIfNeeded: index)).pointee.realtime_ns
    }
}

/// Tells when a datagram came, on the monotonic clock, from the kernel's stamp on the wall clock.
///
/// Both clocks are read together once a round; a stamp that lies ahead or more than a second back (the wall clock was
/// set) counts as now.
public struct ArrivalClock: Sendable {
    public let now: UInt64
    private let wallNow: Int64

    @_noLocks public init() {
        now = swh_monotonic_ns()
        wallNow = swh_realtime_ns()
    }

    /// Nanoseconds of CLOCK_MONOTONIC.
    @_noLocks public func arrival(ofRealtime stamp: Int64) -> UInt64 {
        if stamp == 0 { return now }
        let age = wallNow &- stamp
        return age < 0 || age > 1_000_000_000 ? now : now &- UInt64(age)
    }
}
