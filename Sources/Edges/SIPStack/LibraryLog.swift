import CSofiaSIP
import Logging
import Synchronization

/// Sofia's own complaints (errors, and which header of a message is malformed; at most ten a second) in our log. One per process: its log is global.
enum LibraryLog {
    private static let logger = Mutex<Logger?>(nil)

    static func install(_ logger: Logger) {
        Self.logger.withLock { $0 = logger }
        unsafe swh_sip_set_logger { _, line in
            let text = unsafe String(cString: line)
            LibraryLog.logger.withLock { $0 }?.warning("sofia-sip", metadata: ["line": "\(text)"])
        }
    }
}
