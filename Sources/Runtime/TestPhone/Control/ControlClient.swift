import NIOCore
import NIOHTTP1
import NIOPosix

/// Why a running box could not be asked.
public struct ControlClientFault: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        /// Nobody listens on the socket.
        case noBox = "no_box"
        /// The box answered with an error.
        case refused
        /// The connection broke, or what came was no HTTP.
        case broken
    }
    public var code: Code
    public var reason: String
    public var description: String { reason }
}

/// HTTP over the control socket of a running box (design §4a).
///
/// - Threading: any; each call has its own connection.
public struct ControlClient: Sendable {
    private static let errorBodyLimit = 64 << 10
    private let socketPath: String

    /// - Parameter stateFolder: `store.path` of the box.
    public init(stateFolder: String) { socketPath = stateFolder + "/control.sock" }

    /// The whole body of an answer.
    public func get(_ target: String) async throws(ControlClientFault) -> [UInt8] {
        var body: [UInt8] = []
        try await request(target) { body += $0 }
        return body
    }

    /// Calls `handle` for every line of an answer as it comes, until the answer ends or `handle` returns false.
    public func lines(
        _ target: String, _ handle: @escaping (ArraySlice<UInt8>) async -> Bool
    ) async throws(ControlClientFault) {
        var pending: [UInt8] = []
        var isDone = false
        try await request(target) { bytes in
            pending += bytes
            var start = pending.startIndex
            while let end = pending[start...].firstIndex(of: UInt8(ascii: "\n")) {
                guard await handle(pending[start..<end]) else {
                    isDone = true
                    return false
                }
                start = pending.index(after: end)
            }
            pending.removeSubrange(..<start)
            return true
        }
        if !isDone, !pending.isEmpty { _ = await handle(pending[...]) }
    }

    private func request(
        _ target: String, onBody: (ByteBufferView) async -> Void
    ) async throws(ControlClientFault) {
        try await request(target) { bytes in
            await onBody(bytes)
            return true
        }
    }

    private func request(
        _ target: String, onBody: (ByteBufferView) async -> Bool
    ) async throws(ControlClientFault) {
        let connection: NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
        do {
            connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: socketPath) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            throw ControlClientFault(
                code: .noBox,
                reason: "no box answers on \(socketPath) (\(networkWords(error))); start one with: switchhook serve")
        }
        do {
            try await connection.executeThenClose { parts, writer in
                let head = HTTPRequestHead(
                    version: .http1_1, method: .GET, uri: target, headers: ["host": "localhost", "connection": "close"])
                try await writer.write(.head(head))
                try await writer.write(.end(nil))
                try await Self.read(parts, onBody)
            }
        } catch let fault as ControlClientFault {
            throw fault
        } catch {
            throw ControlClientFault(code: .broken, reason: "the connection to the box broke: \(networkWords(error))")
        }
    }

    private static func read(
        _ parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>, _ onBody: (ByteBufferView) async -> Bool
    ) async throws {
        var status: HTTPResponseStatus?
        var problem: [UInt8] = []
        for try await part in parts {
            switch part {
            case .head(let head):
                status = head.status
            case .body(let bytes):
                if status?.code == 200 {
                    guard await onBody(bytes.readableBytesView) else { return }
                } else {
                    problem += bytes.readableBytesView.prefix(errorBodyLimit - problem.count)
                }
            case .end:
                guard status?.code != 200 else { return }
                let text = String(decoding: problem, as: UTF8.self)
                throw ControlClientFault(code: .refused, reason: "the box answered \(status?.code ?? 0): \(text)")
            }
        }
        throw ControlClientFault(code: .broken, reason: "the box ended the connection early")
    }
}
