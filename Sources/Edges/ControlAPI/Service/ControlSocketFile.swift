import Glibc
import Logging
import NIOCore
import NIOPosix

/// The file of the control socket.
enum ControlSocketFile {
    /// Longest path of a unix domain socket on Linux (unix(7)), without the closing zero.
    private static let pathLimit = 107

    /// - Fails with: `ControlServerError` when the path cannot be one, or when a running box answers on it.
    static func prepare(_ path: String) async throws {
        guard path.utf8.count <= pathLimit else {
            throw ControlServerError(
                .controlSocket,
                "The control socket's path is longer than \(pathLimit) bytes: \(path). Use a shorter state folder")
        }
        let probe: any Channel
        do {
            probe = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: path).get()
        } catch {
            // Nobody listens: the file, if there is one, is left over and gets replaced.
            return
        }
        probe.close(promise: nil)
        throw ControlServerError(
            .controlSocket, "Another box is running with this state folder: it answers on \(path). Stop it first")
    }

    /// Lets the group in: the file permission is the authorisation (design §4a).
    static func open(_ path: String, logger: Logger) {
        if unsafe chmod(path, 0o660) != 0 {
            logger.warning(
                "The control socket is open to its owner only", metadata: ["path": "\(path)", "errno": "\(errno)"])
        }
    }

    static func remove(_ path: String) { _ = unsafe unlink(path) }
}
