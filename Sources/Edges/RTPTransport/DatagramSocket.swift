internal import CLinux

/// One UDP socket of a leg: non-blocking, with kernel time stamps, marked for expedited forwarding.
///
/// - Threading: control opens and closes it; one media worker at a time sends and receives.
public struct DatagramSocket: Sendable {
    /// Why no socket could be bound; `errno` as the kernel gave it.
    public struct Fault: Error, Sendable {
        public var errno: Int32
    }

    public let descriptor: Int32

    public init(local: SocketAddress) throws(Fault) {
        var address = local.raw
        let result = unsafe swh_udp_open(&address)
        guard result >= 0 else { throw Fault(errno: -result) }
        descriptor = result
    }

    public func close() { _ = swh_close(descriptor) }

    /// Receives what waits, at most a batch.
    @_noLocks public func receive(into batch: DatagramBatch) -> Int {
        max(0, Int(unsafe swh_receive(descriptor, batch.batch)))
    }

    /// - Returns: false when the kernel refused it: the packet is lost, as it may be on any network.
    @_noLocks public func send(_ packet: UnsafePointer<UInt8>, count: Int, to target: SocketAddress) -> Bool {
        var address = target.raw
        return unsafe swh_send(descriptor, packet, count, &address) == 0
    }

    /// The address it is bound to.
    public var local: SocketAddress? {
        var address = swh_address()
        guard unsafe swh_udp_local(descriptor, &address) == 0 else { return nil }
        return SocketAddress(address)
    }
}
