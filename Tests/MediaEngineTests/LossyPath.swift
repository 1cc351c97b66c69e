import Foundation
import Glibc
import PlayoutTrial
import Synchronization

/// A stretch of network between two engines on loopback that loses RTP packets, the same for the same seed; RTCP passes.
///
/// Each engine is told the path's port in place of the other's.
final class LossyPath: Sendable {
    private struct Fields {
        var network: NetworkEmulator
        var losesNothing = false
        /// Where the engine behind each socket is.
        var ports: [UInt16] = [0, 0]
        var passed: [[UInt8]] = []
        var lost = 0
        var shouldStop = false
    }

    private let sockets: [Int32]
    /// Of each socket.
    private let own: [UInt16]
    private let fields: Mutex<Fields>

    /// - Parameter profile: of the packets of the first engine to the second; its delays are left out.
    init(_ profile: NetworkEmulator.Profile, seed: Int) {
        fields = Mutex(Fields(network: NetworkEmulator(profile, seed: seed)))
        let made = (0..<2).map { _ in Self.bound() }
        sockets = made.map { $0.0 }
        own = made.map { $0.1 }
        Thread { self.run() }.start()
    }

    deinit { sockets.forEach { _ = close($0) } }

    func stop() { fields.withLock { $0.shouldStop = true } }

    /// A description that the first engine (0) or the second (1) made, as the other one gets it.
    func carrying(_ description: String, from side: Int) -> String {
        guard let port = LoopbackPhone.port(in: description) else { return description }
        fields.withLock { $0.ports[side] = port }
        return description.replacing("m=audio \(port) ", with: "m=audio \(own[1 - side]) ")
    }

    /// RTP packets to the second engine that were not lost, and how many were.
    var passed: [[UInt8]] { fields.withLock { $0.passed } }
    var lost: Int { fields.withLock { $0.lost } }

    private static func bound() -> (Int32, UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = Self.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                unsafe _ = bind(descriptor, raw, length)
                unsafe _ = getsockname(descriptor, raw, &length)
            }
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        return address
    }

    private func run() {
        var buffer = [UInt8](repeating: 0, count: 2048)
        while !fields.withLock({ $0.shouldStop }) {
            var waiting = sockets.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard unsafe poll(&waiting, 2, 20) > 0 else { continue }
            for side in 0..<2 where waiting[side].revents != 0 {
                let count = unsafe recv(sockets[side], &buffer, buffer.count, 0)
                if count > 1 { pass(Array(buffer[0..<count]), from: side) }
            }
        }
    }

    private func pass(_ packet: [UInt8], from side: Int) {
        let target = fields.withLock { fields -> UInt16? in
            if side == 0, !(192...223).contains(packet[1]) {
                guard fields.network.next() != nil else {
                    fields.lost += 1
                    return nil
                }
                fields.passed.append(packet)
            }
            return fields.ports[1 - side]
        }
        guard let target, target != 0 else { return }
        var address = Self.loopback(target)
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                unsafe _ = sendto(
                    sockets[1 - side], packet, packet.count, 0, raw, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
