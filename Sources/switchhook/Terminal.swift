import Foundation
import WireJSON

/// What commands write: results on standard output, everything else on standard error.
enum Terminal {
    static func line(_ text: String = "") { write(Array(text.utf8) + [UInt8(ascii: "\n")], to: .standardOutput) }

    static func json(_ value: JSON) { write(value.bytes + [UInt8(ascii: "\n")], to: .standardOutput) }

    static func bytes(_ bytes: some Sequence<UInt8>) { write(Array(bytes), to: .standardOutput) }

    static func complain(_ text: String) { write(Array(text.utf8) + [UInt8(ascii: "\n")], to: .standardError) }

    /// Columns side by side, each as wide as its widest cell.
    static func table(_ rows: [[String]]) {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.compactMap { $0.indices.contains(column) ? $0[column].count : nil }.max() ?? 0
        }
        for row in rows {
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            var text = Substring(cells.joined(separator: "  "))
            while text.last == " " { text.removeLast() }
            line(String(text))
        }
    }

    private static func write(_ bytes: [UInt8], to handle: FileHandle) {
        do {
            try handle.write(contentsOf: bytes)
        } catch {
            // The reader of a pipe has gone: what follows would go nowhere as well.
            exit(EXIT_SUCCESS)
        }
    }
}
