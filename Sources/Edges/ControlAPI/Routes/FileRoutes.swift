import CallModel
import EdgeProtocols
import Glibc
import HTTPTypes
import NIOPosix

/// `GET /v1/files/{id}`: recordings of the token's own Application (voice-api §8).
///
/// - Threading: files are read on the process's pool for blocking work, piece by piece, as fast as the peer takes them.
struct FileRoutes: Sendable {
    let log: any LogQueries
    let folder: String

    private static let pieceBytes = 64 * 1024

    var routes: [Route] { [Route(.get, "/v1/files/*", .application, show)] }

    private func show(_ request: APIRequest) async throws -> APIReply {
        let caller = try request.authenticated()
        let wanted = request.parameters[0]
        // Rows are found by the spelling we gave out; the path on disk comes from the row alone.
        guard let file = try await log.file(FileID(CallRoutes.legID(wanted).text)),
            file.application == caller.application
        else { throw Problem.notFound(wanted) }
        let path = folder + "/" + file.name
        guard let source = try await StoredFile.open(path) else { throw Problem.notFound(wanted) }
        let size = source.size
        var headers: HTTPFields = [.contentType: file.format.contentType, .acceptRanges: "bytes"]
        guard let text = request.headers[.range], let asked = Self.range(text, size: size) else {
            headers[.contentLength] = String(size)
            return reply(.ok, headers, source, 0..<size)
        }
        guard !asked.isEmpty else {
            headers[.contentRange] = "bytes */\(size)"
            return APIReply(status: .rangeNotSatisfiable, headers: headers)
        }
        headers[.contentLength] = String(asked.count)
        headers[.contentRange] = "bytes \(asked.lowerBound)-\(asked.upperBound - 1)/\(size)"
        return reply(.partialContent, headers, source, asked)
    }

    private func reply(
        _ status: HTTPResponse.Status, _ headers: HTTPFields, _ source: StoredFile, _ range: Range<Int64>
    ) -> APIReply {
        APIReply(
            status: status, headers: headers,
            body: .stream { writer in
                var offset = range.lowerBound
                while offset < range.upperBound {
                    let piece = try await source.read(
                        at: offset, count: Int(min(Int64(Self.pieceBytes), range.upperBound - offset)))
                    try await writer.write(piece)
                    offset += Int64(piece.count)
                }
            })
    }

    /// The one range of a `Range` header (RFC 9110 §14.1.2); empty when it lies beyond the end, nil when the header is
    /// to be ignored: other units, several ranges, no sense.
    static func range(_ text: String, size: Int64) -> Range<Int64>? {
        guard text.hasPrefix("bytes=") else { return nil }
        let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2 else { return nil }
        func number(_ digits: Substring) -> Int64? {
            digits.allSatisfy { ("0"..."9").contains($0) } ? Int64(digits) : nil
        }
        if ends[0].isEmpty {
            guard let count = number(ends[1]) else { return nil }
            return count == 0 ? 0..<0 : max(0, size - count)..<size
        }
        guard let first = number(ends[0]) else { return nil }
        if first >= size { return 0..<0 }
        if ends[1].isEmpty { return first..<size }
        guard let last = number(ends[1]), last >= first else { return nil }
        return first..<min(last, size - 1) + 1
    }
}

/// A file that is open for as long as somebody may read it.
private final class StoredFile: Sendable {
    /// It cannot be read, or ended before its length: the connection is broken off, since the length was promised.
    struct ReadFault: Error {
        var errno: Int32
    }

    let size: Int64
    private let descriptor: Int32

    private init(descriptor: Int32, size: Int64) {
        self.descriptor = descriptor
        self.size = size
    }

    deinit { _ = close(descriptor) }

    /// Nil when there is no such file.
    static func open(_ path: String) async throws -> StoredFile? {
        try await NIOThreadPool.singleton.runIfActive {
            let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
            if descriptor < 0 { return nil }
            return StoredFile(descriptor: descriptor, size: Int64(lseek(descriptor, 0, SEEK_END)))
        }
    }

    func read(at offset: Int64, count: Int) async throws -> [UInt8] {
        let descriptor = descriptor
        return try await NIOThreadPool.singleton.runIfActive {
            var failure: Int32 = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { room, initialized in
                let got = unsafe pread(descriptor, room.baseAddress, count, Int(offset))
                failure = got < 0 ? errno : 0
                initialized = max(0, got)
            }
            if bytes.isEmpty { throw ReadFault(errno: failure) }
            return bytes
        }
    }
}
