import Glibc
import Synchronization

/// Holds `switchhook.lock` in the state folder, so that two daemons never write one log.
///
/// - Reference: flock(2): the kernel drops it when the process ends, however it ends.
final class StoreLock: Sendable {
    private let descriptor: Mutex<CInt?>

    init(folder: String) throws(StoreFault) {
        let path = folder + "/switchhook.lock"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw StoreFault(.notWritable, "state folder \(folder) is not writable: \(Self.reason(errno))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.read(descriptor)
            _ = close(descriptor)
            throw StoreFault(
                .locked,
                "state folder \(folder) is in use by process \(holder): stop it or set store.path to another folder")
        }
        _ = ftruncate(descriptor, 0)
        let text = Array("\(getpid())\n".utf8)
        _ = unsafe pwrite(descriptor, text, text.count, 0)
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    func release() {
        descriptor.withLock {
            guard let descriptor = $0 else { return }
            // Said aloud: a child process between fork and exec still has the descriptor, and with it the lock.
            _ = flock(descriptor, LOCK_UN)
            _ = close(descriptor)
            $0 = nil
        }
    }

    static func reason(_ code: CInt) -> String {
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }

    private static func read(_ descriptor: CInt) -> String {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = unsafe pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return "unknown" }
        return String(decoding: buffer.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
