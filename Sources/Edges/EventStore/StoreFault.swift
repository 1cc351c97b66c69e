/// Why the store cannot be opened or written; `description` is one line that says what to do.
public struct StoreFault: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case noFolder = "no_folder"
        case notWritable = "not_writable"
        case notADatabase = "not_a_database"
        /// Written by a later version of the program.
        case newerSchema = "newer_schema"
        /// Another daemon runs on the same state folder.
        case locked
        case cannotOpen = "cannot_open"
        /// A commit failed; the rows are kept and tried again.
        case writeFailed = "write_failed"
        /// The bound of waiting rows is reached.
        case queueFull = "queue_full"
        case closed
    }
    public var code: Code
    public var detail: String
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }
    public var description: String { detail }
}
