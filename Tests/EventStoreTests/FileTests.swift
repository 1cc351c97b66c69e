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

    @Test("what is being written down is there after a restart, until its result is told")
    func transcriptions() async throws {
        func record(_ leg: LegID?, _ target: WebhookTarget?, ended: Int64) -> TranscriptionRecord {
            TranscriptionRecord(
                id: .make(), application: Sample.application, conversation: .make(), recording: .make(),
                sound: "a.wav", file: .make(), leg: leg, eventTarget: target, language: "pt-BR",
                wantsSentiment: leg != nil, started: WallTime(milliseconds: 1), ended: WallTime(milliseconds: ended))
        }
        let target = WebhookTarget(url: "http://127.0.0.1:1/", method: .get)
        let records = [record(.make(), target, ended: 1), record(nil, nil, ended: 2)]
        let store = try EventStore(folder)
        var batch = LogBatch()
        batch.transcriptions = records
        _ = try await store.appendDurably(batch)
        try await store.close()
        let again = try EventStore(folder)
        #expect(try await again.transcriptions() == records)
        var told = LogBatch()
        told.transcribed = [records[0].id]
        _ = try await again.appendDurably(told)
        #expect(try await again.transcriptions() == [records[1]])
    }
}
