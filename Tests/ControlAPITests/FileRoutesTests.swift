import CallModel
import ControlAPI
import Foundation
import MediaTime
import Testing

@Suite("/v1/files")
struct FileRoutesTests {
    private static let id = FileID("6bf46c69-7d2c-4f82-aeea-cbe226e87555")
    private static let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }

    private func run(_ body: @Sendable (TestBox) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "switchhook-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = FileRecord(
            id: Self.id, application: Samples.mine, conversation: ConversationID("CON-1"), recording: .make(),
            format: .mp3, byteCount: Int64(Self.bytes.count), started: WallTime(milliseconds: 0),
            ended: WallTime(milliseconds: 1))
        try Data(Self.bytes).write(to: URL(fileURLWithPath: folder + "/" + file.name))
        try await TestBox.run({ $0.filesFolder = folder }) { box in
            box.log.put(files: [file])
            try await body(box)
        }
    }

    @Test("a recording comes whole, with its type and length, to its own application alone")
    func whole() async throws {
        try await run { box in
            let answer = try await box.ask("GET", "/v1/files/\(Self.id)", headers: ["Accept: audio/mpeg"])
            #expect(answer.status == 200 && answer.body == Self.bytes)
            #expect(answer.headers["content-type"] == "audio/mpeg")
            #expect(answer.headers["content-length"] == "200000")
            let head = try await box.ask("HEAD", "/v1/files/\(Self.id)")
            #expect(head.status == 200 && head.headers["content-length"] == "200000")
            try await box.expect(404, "GET", "/v1/files/\(Self.id)", token: "other")
            try await box.expect(401, "GET", "/v1/files/\(Self.id)", token: nil)
            try await box.expect(404, "GET", "/v1/files/6bf46c69-7d2c-4f82-aeea-000000000000")
            try await box.expect(400, "GET", "/v1/files/..%2Fswitchhook.sqlite")
        }
    }

    @Test(
        "one range is served, one beyond the end is refused, anything else is ignored",
        arguments: [
            ("bytes=0-9", 206, 0..<10), ("bytes=199990-", 206, 199_990..<200_000),
            ("bytes=-5", 206, 199_995..<200_000), ("bytes=199999-900000", 206, 199_999..<200_000),
            ("bytes=200000-", 416, 0..<0), ("bytes=5-1", 200, 0..<200_000), ("bytes=0-1,4-5", 200, 0..<200_000),
            ("lines=1-2", 200, 0..<200_000),
        ])
    func ranges(header: String, status: Int, expected: Range<Int>) async throws {
        try await run { box in
            let answer = try await box.ask("GET", "/v1/files/\(Self.id)", headers: ["Range: \(header)"])
            #expect(answer.status == status)
            #expect(answer.body == Array(Self.bytes[expected]))
            if status == 206 {
                #expect(
                    answer.headers["content-range"]
                        == "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/200000")
            }
        }
    }
}
