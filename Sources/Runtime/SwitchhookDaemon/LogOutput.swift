public import ConfigFile
import Glibc
public import Logging
import MediaTime
import Synchronization
import WireJSON

/// The level in force; a reload changes it for every logger.
enum LogLevel {
    private static let level = Mutex(Logger.Level.info)
    static var current: Logger.Level {
        get { level.withLock { $0 } }
        set { level.withLock { $0 = newValue } }
    }
}

/// One line a record on standard error: `2026-… level message key=value …`, or one JSON object.
///
/// - Threading: any thread, never blocks: `LogWriter` writes the line; from `critical` on it is out before `log` returns.
public struct LogOutput: LogHandler {
    private static let writer = LogWriter()
    private let isJSON: Bool
    public var metadata: Logger.Metadata = [:]
    public var logLevel: Logger.Level {
        get { LogLevel.current }
        set { _ = newValue }  // the level is box-wide: `log.level`
    }

    /// Makes it the output of every logger of the process; call it once, before the first record.
    public static func install(_ section: LogSection) {
        LogLevel.current = section.level.logger
        let isJSON = section.format == .json
        LoggingSystem.bootstrap { _ in LogOutput(isJSON: isJSON) }
        atexit { LogOutput.writer.finish() }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let all = event.metadata.map { metadata.merging($0) { _, new in new } } ?? metadata
        let time = SystemTimeSource().wallNow.iso8601
        let line: String
        if isJSON {
            var object: [(String, JSON)] = [
                ("time", .string(time)), ("level", .string(event.level.rawValue)),
                ("message", .string(event.message.description)),
            ]
            for (key, value) in all.sorted(by: { $0.key < $1.key }) { object.append((key, .string("\(value)"))) }
            line = JSON.object(.init(object)).text + "\n"
        } else {
            let pairs = all.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }
            line = "\(time) \(event.level.rawValue) \(event.message)\(pairs.joined())\n"
        }
        Self.writer.add(line)
        if event.level == .critical { Self.writer.finish() }
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != 0x7F }
        return isPlain && !text.isEmpty ? text : JSON.string(text).text
    }
}
