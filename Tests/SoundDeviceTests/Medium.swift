import Foundation

/// The air of a virtual card, as `Hardware/virtual/card/medium.h` lays it out.
struct Medium {
    private static let capacity = 1 << 20
    private static let frameBytes = 16
    private static let headerBytes = 4096

    private let file: FileHandle

    init(_ path: String) throws {
        file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    }

    /// First channel of the newest `count` frames, and the instant of the first of them in seconds of CLOCK_MONOTONIC.
    func newest(_ count: Int) throws -> (samples: [Int16], instant: Double) {
        let header = try bytes(at: 0, count: 56)
        func word(_ index: Int) -> UInt64 {
            header[(index * 8)..<(index * 8 + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        let instant = Double(bitPattern: word(1))
        let rate = Double(bitPattern: word(2))
        let anchor = Int(word(3))
        let end = Int(word(5))
        let first = max(Int(word(4)), end - count)
        var samples: [Int16] = []
        for index in first..<end {
            let offset = UInt64(Self.headerBytes + index % Self.capacity * Self.frameBytes)
            let pair = try bytes(at: offset, count: 2)
            samples.append(Int16(truncatingIfNeeded: Int(pair[0]) | Int(pair[1]) << 8))
        }
        return (samples, instant + Double(first - anchor) / rate)
    }

    private func bytes(at offset: UInt64, count: Int) throws -> [UInt8] {
        try file.seek(toOffset: offset)
        return [UInt8](try file.read(upToCount: count) ?? Data())
    }
}
