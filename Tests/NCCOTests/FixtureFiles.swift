import Foundation

/// Scripts of `Tests/Fixtures/ncco`.
enum FixtureFiles {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/ncco")

    static let valid = names(in: "valid")
    static let invalid = names(in: "invalid")

    static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: path))) }

    /// Path of the first fault, as the file beside an invalid script tells it.
    static func expectedPath(of name: String) throws -> String {
        let text = String(decoding: try bytes("invalid/\(name).reason.txt"), as: UTF8.self)
        return String(text.prefix { $0 != ":" })
    }

    /// File names without `.json`; empty when the folder cannot be read, which the counting test notices.
    private static func names(in kind: String) -> [String] {
        let files = try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: kind).path)
        return (files ?? []).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }
}
