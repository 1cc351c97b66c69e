import CallModel
import EdgeProtocols
import EventStore
import MediaTime
import Testing

@Suite struct FileTests {
    private let folder = Folder()

    @Test("a file is found after a restart, counted, and forgotten when it is old")
    func life() async throws {
        let files = (1...3).map { number in
            FileRecord(
                id: .make(), application: Sample.application, conversation: .make(), recording: .make(),
                format: [.mp3, .wav, .json][number - 1], byteCount: Int64(number) * 100,
                started: WallTime(milliseconds: Int64(number)), ended: WallTime(milliseconds: Int64(number) * 1000))
        }
        let store = try EventStore(folder)
        _ = try await store.appendDurably(LogBatch(files: files))
        try await store.close()
        let again = try EventStore(folder)
        #expect(try await again.file(files[1].id) == files[1])
        #expect(try await again.file(.make()) == nil)
        #expect(try await again.fileBytes() == 600)
        #expect(try await again.forgetFiles(before: WallTime(milliseconds: 2000)) == [files[0]])
        #expect(try await again.files() == [files[1], files[2]])
    }
}
