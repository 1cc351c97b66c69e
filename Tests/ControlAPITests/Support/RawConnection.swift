import Dispatch
import Glibc
import WireJSON

/// Why a test connection did not get what it waited for.
struct ConnectionFault: Error, CustomStringConvertible {
    var description: String
}

/// An HTTP answer as it came over the wire.
struct RawAnswer: Sendable {
    var status: Int
    /// Names in lower case.
    var headers: [String: String]
    var body: [UInt8]
    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSON { (try? JSON(parsing: body)) ?? .null }
}

/// A blocking socket of our own, so that tests decide every byte. Every wait ends after ten seconds.
///
/// `@unchecked Sendable`: used by one test at a time, each call finishing before the next begins.
final class RawConnection: @unchecked Sendable {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    /// What of the buffer is used up.
    private var start = 0
    private var isOpen = true

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw ConnectionFault(description: "connect: errno \(errno)") }
        limitWaits()
    }

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            for (index, byte) in bytes.enumerated() { unsafe room[index] = byte }
        }
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw ConnectionFault(description: "connect: errno \(errno)") }
        limitWaits()
    }

    deinit { close() }

    func close() {
        if isOpen { _ = Glibc.close(descriptor) }
        isOpen = false
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw ConnectionFault(description: "send: errno \(errno)") }
            rest = rest.dropFirst(sent)
        }
    }

    /// Shrinks what the kernel takes for us, so that an unread connection fills up soon.
    func takeLittle() {
        var size = Int32(65_536)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    /// One whole answer; `hasBody` is false for HEAD.
    func answer(hasBody: Bool = true) throws -> RawAnswer {
        let head = try headLines()
        let status = Int(head[0].split(separator: " ")[1]) ?? 0
        var headers: [String: String] = [:]
        for line in head.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        }
        var body: [UInt8] = []
        if hasBody, let length = headers["content-length"].flatMap({ Int($0) }) {
            body = try take(length)
        } else if hasBody, headers["transfer-encoding"] == "chunked", status == 200 {
            while case let chunk = try chunk(), !chunk.isEmpty { body += chunk }
        }
        return RawAnswer(status: status, headers: headers, body: body)
    }

    /// Status line and header lines.
    func headLines() throws -> [String] {
        var lines: [String] = []
        while case let text = try line(), !text.isEmpty { lines.append(text) }
        guard !lines.isEmpty else { throw ConnectionFault(description: "no status line") }
        return lines
    }

    /// One piece of a chunked body; empty at its end.
    func chunk() throws -> [UInt8] {
        let size = Int(try line(), radix: 16) ?? 0
        let bytes = try take(size)
        _ = try line()
        return bytes
    }

    func line() throws -> String {
        while true {
            if let end = buffer[start...].firstIndex(of: 10) {
                var bytes = buffer[start..<end]
                start = end + 1
                if bytes.last == 13 { bytes.removeLast() }
                return String(decoding: bytes, as: UTF8.self)
            }
            try fill()
        }
    }

    func take(_ count: Int) throws -> [UInt8] {
        while buffer.count - start < count { try fill() }
        defer { start += count }
        return Array(buffer[start..<start + count])
    }

    /// True when the server has closed and nothing is left.
    func isAtEnd() -> Bool {
        if start < buffer.count { return false }
        do { try fill() } catch { return true }
        return false
    }

    private func fill() throws {
        buffer.removeFirst(start)
        start = 0
        var room = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe room.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else {
            throw ConnectionFault(description: count == 0 ? "closed by the server" : "recv: errno \(errno)")
        }
        buffer.append(contentsOf: room[..<count])
    }

    private func limitWaits() {
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
}

/// Runs blocking work outside the Swift pool, which the server under test needs.
func blocking<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        // A queue of its own gets a thread of its own: the global queues share theirs with the Swift pool.
        DispatchQueue(label: "blocking").async { continuation.resume(with: Result(catching: work)) }
    }
}
