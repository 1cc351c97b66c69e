import WireJSON

/// The client side of a WebSocket over a raw connection (RFC 6455).
final class RawWebSocket: Sendable {
    struct Frame: Sendable {
        var opcode: UInt8
        var payload: [UInt8]
        var json: JSON { (try? JSON(parsing: payload)) ?? .null }
        /// Of a close frame.
        var code: Int { payload.count < 2 ? 0 : Int(payload[0]) << 8 | Int(payload[1]) }
        var reason: JSON { (try? JSON(parsing: payload.dropFirst(2))) ?? .null }
    }

    let connection: RawConnection

    /// Upgrades; `headers` are whole lines with their ends.
    /// `early` is sent in one piece with the request.
    init(
        port: Int, path: String = "/v1/events", headers: String = "", takesLittle: Bool = false, early: JSON? = nil
    ) throws {
        connection = try RawConnection(port: port)
        if takesLittle { connection.takeLittle() }
        let request =
            "GET \(path) HTTP/1.1\r\nHost: box\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(headers)\r\n"
        try connection.send(Array(request.utf8) + (early.map { Self.bytes(opcode: 1, $0.bytes) } ?? []))
        let head = try connection.headLines()
        guard head[0].contains(" 101 ") else { throw ConnectionFault(description: head[0]) }
        let accept = head.contains { $0.lowercased() == "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=" }
        guard accept else { throw ConnectionFault(description: "wrong Sec-WebSocket-Accept") }
    }

    func send(_ json: JSON) throws { try send(opcode: 1, json.bytes) }

    func send(opcode: UInt8, _ payload: [UInt8]) throws { try connection.send(Self.bytes(opcode: opcode, payload)) }

    private static func bytes(opcode: UInt8, _ payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [0x80 | opcode]
        if payload.count < 126 {
            bytes.append(0x80 | UInt8(payload.count))
        } else {
            bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        }
        let mask: [UInt8] = [1, 2, 3, 4]
        bytes += mask
        for (index, byte) in payload.enumerated() { bytes.append(byte ^ mask[index % 4]) }
        return bytes
    }

    func frame() throws -> Frame {
        let head = try connection.take(2)
        var length = Int(head[1] & 0x7F)
        if length == 126 {
            let more = try connection.take(2)
            length = Int(more[0]) << 8 | Int(more[1])
        } else if length == 127 {
            length = try connection.take(8).reduce(0) { $0 << 8 | Int($1) }
        }
        return Frame(opcode: head[0] & 15, payload: try connection.take(length))
    }

    /// The next text message; pings are answered on the way.
    func message() throws -> JSON {
        while true {
            let frame = try frame()
            switch frame.opcode {
            case 1: return frame.json
            case 9: try send(opcode: 10, frame.payload)
            case 8: throw ConnectionFault(description: "closed \(frame.code) \(frame.reason.text)")
            default: continue
            }
        }
    }

    /// Events only: what the box itself says is passed over.
    func event() throws -> JSON {
        while true {
            let message = try message()
            if message["type"]?.string?.hasPrefix("session:") != true { return message }
        }
    }

    /// Reads up to the close frame.
    func close() throws -> Frame {
        while true {
            let frame = try frame()
            if frame.opcode == 8 { return frame }
        }
    }
}
