import Glibc

/// A transcript on disk.
enum TranscriptFile {
    /// Makes the file; it is on disk before anybody hears of it, as a recording is.
    /// - Returns: why not, in the system's words; nothing is left then.
    static func write(_ bytes: [UInt8], to path: String) -> String? {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        if descriptor < 0 { return reason(errno) }
        var fault: Int32 = 0
        var done = 0
        while done < bytes.count, fault == 0 {
            let put = unsafe bytes.withUnsafeBytes { all in
                unsafe Glibc.write(descriptor, all.baseAddress?.advanced(by: done), bytes.count - done)
            }
            if put > 0 { done += put } else if put == 0 { fault = ENOSPC } else if errno != EINTR { fault = errno }
        }
        if fault == 0, fdatasync(descriptor) != 0, errno != EINVAL { fault = errno }
        if close(descriptor) != 0, fault == 0 { fault = errno }
        if fault == 0 { return nil }
        _ = unsafe unlink(path)
        return reason(fault)
    }

    private static func reason(_ number: Int32) -> String {
        guard let text = unsafe strerror(number) else { return "error \(number)" }
        return unsafe String(cString: text)
    }
}
