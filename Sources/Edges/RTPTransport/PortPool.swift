internal import Glibc
internal import Synchronization

/// The two sockets of a leg: RTP on an even port, RTCP on the next one unless both share the first.
public struct LegSockets: Sendable {
    public let rtp: DatagramSocket
    public let rtcp: DatagramSocket?
    /// Port of `rtp`.
    public let port: UInt16
}

/// Gives port pairs out in turn, so that a port rests as long as possible before the next call gets it.
///
/// - Bounds: as many legs as the range has pairs.
/// - Threading: any thread.
public final class PortPool: Sendable {
    /// Why there are no sockets.
    public struct Fault: Error, Sendable {
        public enum Code: String, Sendable {
            case badAddress = "bad_address"
            case exhausted = "no_rtp_ports"
            case refused = "socket_refused"
        }
        public var code: Code
        public var detail: String
    }

    private struct Pairs {
        var isTaken: [Bool]
        var next = 0
        var taken = 0
    }

    private let local: SocketAddress
    private let first: UInt16
    private let pairs: Mutex<Pairs>

    /// - Parameters:
    ///   - bindAddress: numeric.
    ///   - ports: at least one even port and its successor.
    public init(bindAddress: String, ports: ClosedRange<UInt16>) throws(Fault) {
        guard let local = SocketAddress(host: bindAddress, port: 0) else {
            throw Fault(code: .badAddress, detail: "\(bindAddress) is no numeric IPv4 or IPv6 address")
        }
        let first = Int(ports.lowerBound) + Int(ports.lowerBound % 2)
        let count = (Int(ports.upperBound) - first + 1) / 2
        guard first > 0, count > 0 else {
            throw Fault(code: .exhausted, detail: "\(ports.lowerBound)-\(ports.upperBound) holds no pair of ports")
        }
        self.local = local
        self.first = UInt16(first)
        pairs = Mutex(Pairs(isTaken: Array(repeating: false, count: count)))
    }

    /// Pairs given out.
    public var taken: Int { pairs.withLock { $0.taken } }

    /// Binds the next free pair; pairs that another process holds are stepped over, 100 at most.
    /// - Parameter needsRTCP: a second socket for RTCP.
    public func open(needsRTCP: Bool) throws(Fault) -> LegSockets {
        for _ in 0..<100 {
            guard let pair = reserve() else {
                throw Fault(code: .exhausted, detail: "all RTP ports are in use")
            }
            let port = first + UInt16(pair * 2)
            do throws(DatagramSocket.Fault) {
                let rtp = try DatagramSocket(local: local.at(port: port))
                guard needsRTCP else { return LegSockets(rtp: rtp, rtcp: nil, port: port) }
                do throws(DatagramSocket.Fault) {
                    return LegSockets(rtp: rtp, rtcp: try DatagramSocket(local: local.at(port: port + 1)), port: port)
                } catch {
                    rtp.close()
                    throw error
                }
            } catch {
                release(pair)
                guard error.errno == EADDRINUSE else {
                    throw Fault(
                        code: .refused, detail: "cannot bind \(local.host):\(port): \(Self.text(of: error.errno))")
                }
            }
        }
        throw Fault(code: .exhausted, detail: "other processes hold the RTP ports")
    }

    /// Closes a leg's sockets and takes its ports back.
    public func close(_ sockets: LegSockets) {
        sockets.rtp.close()
        sockets.rtcp?.close()
        release(Int(sockets.port - first) / 2)
    }

    private static func text(of error: Int32) -> String {
        guard let text = unsafe strerror(error) else { return "error \(error)" }
        return unsafe String(cString: text)
    }

    private func reserve() -> Int? {
        pairs.withLock { pairs in
            for _ in 0..<pairs.isTaken.count {
                let pair = pairs.next
                pairs.next = pair + 1 == pairs.isTaken.count ? 0 : pair + 1
                if !pairs.isTaken[pair] {
                    pairs.isTaken[pair] = true
                    pairs.taken += 1
                    return pair
                }
            }
            return nil
        }
    }

    private func release(_ pair: Int) {
        pairs.withLock { pairs in
            pairs.isTaken[pair] = false
            pairs.taken -= 1
        }
    }
}
