import EdgeProtocols
import Glibc

/// One sound file of the box's own disk.
///
/// - Threading: blocks on the disk.
/// - Fails with: `PromptFault` naming the path.
struct PromptFile {
    let path: String

    /// A relative path stays inside `folder`; an absolute one is taken as it is, since only the box's own scripts and
    /// configuration name one.
    init(_ path: String, in folder: String) throws(PromptFault) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw PromptFault("file: empty path") }
        if path.hasPrefix("/") {
            self.path = path
            return
        }
        guard !path.split(separator: "/").contains("..") else {
            throw PromptFault("file \(path): leaves the folder of prompts")
        }
        self.path = folder + "/" + path
    }

    /// Changes whenever the file is written: size, inode and time of the last write.
    func stamp() throws(PromptFault) -> String {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw fault(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw PromptFault("file \(path): is no regular file") }
        return "\(status.st_ino)/\(status.st_size)/\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }

    func read(limitBytes: Int) throws(PromptFault) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw fault(errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw fault(errno) }
            if count == 0 { return bytes }
            guard bytes.count + count <= limitBytes else {
                throw PromptFault("file \(path): larger than \(limitBytes) bytes")
            }
            bytes.append(contentsOf: block[..<count])
        }
    }

    private func fault(_ code: Int32) -> PromptFault {
        let words = unsafe String(cString: strerror(code))
        return PromptFault("file \(path): \(words)")
    }
}
