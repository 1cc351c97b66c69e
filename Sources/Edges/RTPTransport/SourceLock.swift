/// Which source a leg listens to and where it sends: symmetric RTP under `media.lock`.
///
/// The first valid packet from an allowed source locks it. The lock moves only with a new agreement (a new value), or
/// to another allowed source after 2 s of silence. Until something is locked, packets go to the address that the peer
/// itself wrote into its SDP; nothing is ever sent to a source that is not locked.
///
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct SourceLock: Sendable {
    /// Who may lock (the policy of the trunk).
    public enum Policy: UInt8, Sendable {
        /// The host of the SDP. Packets go to the SDP's address and port, wherever they come from.
        case sdp
        /// The host of the SDP, or the host that the signalling comes from.
        case signallingAddress
        /// Whoever is first.
        case any
    }

    private static var silence: UInt64 { @_noLocks get { 2_000_000_000 } }

    public let policy: Policy
    private let described: SocketAddress?
    private let signalling: SocketAddress?
    private var locked: SocketAddress?
    private var lastHeard: UInt64

    /// - Parameters:
    ///   - described: address of the SDP; nil while the peer holds the call the old way.
    ///   - signalling: where the peer's signalling comes from.
    @_noLocks public init(policy: Policy, described: SocketAddress?, signalling: SocketAddress?) {
        self.policy = policy
        self.described = described
        self.signalling = signalling
        locked = nil
        lastHeard = 0
    }

    /// The packet may be looked at (and, when it proves valid, be given to `heard`).
    /// - Parameter now: nanoseconds of CLOCK_MONOTONIC.
    @_noLocks public func allows(_ source: SocketAddress, at now: UInt64) -> Bool {
        if let locked {
            if locked.isSame(as: source) { return true }
            if now &- lastHeard < Self.silence { return false }
        }
        return mayLock(source)
    }

    /// A valid packet came from `source`, which `allows` let pass.
    /// - Returns: true when it locked the source just now.
    @_noLocks public mutating func heard(_ source: SocketAddress, at now: UInt64) -> Bool {
        lastHeard = now
        if let locked, locked.isSame(as: source) { return false }
        locked = source
        return true
    }

    /// Where RTP goes; nil: nowhere.
    public var target: SocketAddress? {
        @_noLocks get {
            if case .sdp = policy { return described }
            if let locked { return locked }
            return described
        }
    }

    @_noLocks private func mayLock(_ source: SocketAddress) -> Bool {
        if case .any = policy { return true }
        if let described, described.isSameHost(as: source) { return true }
        if case .signallingAddress = policy, let signalling { return signalling.isSameHost(as: source) }
        return false
    }
}
