import CSRTP
public import SDP

/// SRTP and SRTCP of a leg: one handle for each direction, so that a re-offer that changes one key leaves the other
/// direction's packet counter alone. The only door to libsrtp2.
///
/// - Reference: RFC 3711, RFC 7714 (GCM); what libsrtp2 costs a packet: design §7.
public enum PacketProtection {
    /// Why a packet was not protected or unprotected, for the caller's counters.
    public enum Failure: UInt8, Hashable, Sendable {
        /// The tag does not fit: a forged or damaged packet, or another key.
        case authentication
        /// Seen before, or older than the replay window of 128 packets.
        case replay
        /// No whole packet, no room for the tag, or a session with too many sources.
        case other

        /// - Parameter result: negative result of a packet call.
        @_noLocks public init(result: Int) {
            if result == Int(SWH_SRTP_AUTHENTICATION) {
                self = .authentication
            } else if result == Int(SWH_SRTP_REPLAYED) || result == Int(SWH_SRTP_TOO_OLD) {
                self = .replay
            } else {
                self = .other
            }
        }
    }

    /// Room a buffer must have behind a packet that is to be protected.
    @inlinable public static var trailerByteCount: Int { 148 }

    /// libsrtp2 could not make a session: it failed to start, or there is no memory.
    public struct Fault: Error, Hashable, Sendable {
        public var detail: String
    }

    /// Protects what a leg sends.
    ///
    /// - Threading: control makes it and calls `destroy` once, when no worker uses it any more; one worker at a time
    ///   calls the rest, inside which libsrtp2 allocates and takes short locks.
    @safe public struct Outbound {
        private let session: OpaquePointer

        /// - Parameter key: the key that our own `a=crypto` line carries.
        public init(suite: SRTPSuite, key: SRTPMasterKey) throws(Fault) {
            try unsafe session = PacketProtection.makeSession(suite, key, isInbound: false)
        }

        public func destroy() { unsafe swh_srtp_free(session) }

        /// Protects an RTP packet in place.
        /// - Parameter capacity: room of the buffer, at least `count` + `trailerByteCount`.
        /// - Returns: the new length, or a negative result for `Failure(result:)`.
        @_noLocks public func protectRTP(_ packet: UnsafeMutablePointer<UInt8>, count: Int, capacity: Int) -> Int {
            Int(
                unsafe swh_srtp_protect(
                    session, packet, Int32(truncatingIfNeeded: count), Int32(truncatingIfNeeded: capacity)))
        }

        /// Protects a compound RTCP packet in place, as `protectRTP` does.
        @_noLocks public func protectRTCP(_ packet: UnsafeMutablePointer<UInt8>, count: Int, capacity: Int) -> Int {
            Int(
                unsafe swh_srtp_protect_rtcp(
                    session, packet, Int32(truncatingIfNeeded: count), Int32(truncatingIfNeeded: capacity)))
        }
    }

    /// Unprotects what a leg receives, from up to 32 sources.
    ///
    /// - Threading: as `Outbound`.
    @safe public struct Inbound {
        private let session: OpaquePointer

        /// - Parameter key: the key that the peer's `a=crypto` line carries.
        public init(suite: SRTPSuite, key: SRTPMasterKey) throws(Fault) {
            try unsafe session = PacketProtection.makeSession(suite, key, isInbound: true)
        }

        public func destroy() { unsafe swh_srtp_free(session) }

        /// Checks and deciphers an RTP packet in place.
        /// - Returns: the new length, or a negative result for `Failure(result:)`: drop the packet then.
        @_noLocks public func unprotectRTP(_ packet: UnsafeMutablePointer<UInt8>, count: Int) -> Int {
            Int(unsafe swh_srtp_unprotect(session, packet, Int32(truncatingIfNeeded: count)))
        }

        /// Checks and deciphers a compound RTCP packet in place, as `unprotectRTP` does.
        @_noLocks public func unprotectRTCP(_ packet: UnsafeMutablePointer<UInt8>, count: Int) -> Int {
            Int(unsafe swh_srtp_unprotect_rtcp(session, packet, Int32(truncatingIfNeeded: count)))
        }
    }

    private static let libraryStatus = swh_srtp_init()

    private static func makeSession(
        _ suite: SRTPSuite, _ key: SRTPMasterKey, isInbound: Bool
    ) throws(Fault) -> OpaquePointer {
        guard libraryStatus == 0 else { throw Fault(detail: "libsrtp2 does not start: status \(libraryStatus)") }
        let number =
            switch suite {
            case .aeadAES128GCM: SWH_SRTP_AEAD_AES_128_GCM
            case .aesCM128SHA1Tag80: SWH_SRTP_AES_CM_128_SHA1_80
            case .aesCM128SHA1Tag32: SWH_SRTP_AES_CM_128_SHA1_32
            }
        let bytes = key.bytes
        let made = unsafe bytes.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            guard let start = buffer.baseAddress else { return nil }
            return unsafe swh_srtp_new(Int32(number), isInbound ? 1 : 0, start, buffer.count)
        }
        guard let session = unsafe made else {
            throw Fault(detail: "libsrtp2 refuses a session of \(suite.rawValue) with a key of \(bytes.count) bytes")
        }
        return unsafe session
    }
}
