import CallModel
import Testing

@testable import EventStore

@Suite struct RecentRowsTests {
    private func rows(_ positions: ClosedRange<Int64>, bytes: Int = 10) -> [EventRow] {
        positions.map { position in
            var row = Sample.row(nil, id: Int(position))
            row.position = position
            row.body = [UInt8](repeating: 0x20, count: bytes)
            return row
        }
    }

    @Test("the newest rows are given from memory, older ones are left to the disk")
    func bound() {
        let recent = RecentRows(newest: 100)
        #expect(recent.rows(after: 100, limit: 10) { _ in true } == [])
        #expect(recent.rows(after: 99, limit: 10) { _ in true } == nil)
        for start in stride(from: Int64(101), through: 1300, by: 40) { recent.append(rows(start...start + 39)) }
        #expect(recent.newest == 1300)
        #expect(recent.rows(after: 1300 - 512, limit: 1000) { _ in true }?.map(\.position) == Array(789...1300))
        #expect(recent.rows(after: 1300 - 513, limit: 1000) { _ in true } == nil)
        #expect(recent.rows(after: 1000, limit: 3) { $0.position % 2 == 0 }?.map(\.position) == [1002, 1004, 1006])
    }

    @Test("long bodies are kept only as far as there is room for them")
    func bytes() {
        let recent = RecentRows(newest: 0)
        recent.append(rows(1...100, bytes: 64 << 10))
        #expect(recent.rows(after: 96, limit: 10) { _ in true }?.map(\.position) == [97, 98, 99, 100])
        #expect(recent.rows(after: 95, limit: 10) { _ in true } == nil)
        recent.append(rows(101...101, bytes: 1 << 20))
        #expect(recent.rows(after: 100, limit: 10) { _ in true } == nil)
        #expect(recent.rows(after: 101, limit: 10) { _ in true } == [])
        recent.append(rows(102...103))
        #expect(recent.rows(after: 101, limit: 10) { _ in true }?.map(\.position) == [102, 103])
    }
}
