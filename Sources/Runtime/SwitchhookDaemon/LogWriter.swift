import Dispatch
import Foundation
import Glibc
import Synchronization

/// Log lines on their way to standard error: a disk or a pipe that stands still must not hold the calls they tell of.
///
/// - Bound: 4 MiB of text; what does not fit is dropped and counted in a line of its own.
/// - Threading: `add` and `finish` from any thread; one thread writes, in the order of `add`.
final class LogWriter: Sendable {
    private static let byteLimit = 4 << 20

    private struct State {
        var text: [UInt8] = []
        var dropped = 0
        var waiters: [DispatchSemaphore] = []
    }
    private let state = Mutex(State())
    private let arrived = DispatchSemaphore(value: 0)
    private let descriptor: Int32

    init(descriptor: Int32 = STDERR_FILENO) {
        self.descriptor = descriptor
        let thread = Thread { [self] in
            Thread.current.name = "log"
            while true {
                arrived.wait()
                drain()
            }
        }
        thread.stackSize = 256 << 10
        thread.start()
    }

    /// - Parameter line: with its line end.
    func add(_ line: String) {
        let isFirst = state.withLock { state in
            guard state.text.count + line.utf8.count <= Self.byteLimit else {
                state.dropped += 1
                return false
            }
            defer { state.text.append(contentsOf: line.utf8) }
            return state.text.isEmpty
        }
        if isFirst { arrived.signal() }
    }

    /// Waits until what was added is written, a second at most: nobody may read any more.
    func finish() {
        let written = DispatchSemaphore(value: 0)
        state.withLock { $0.waiters.append(written) }
        arrived.signal()
        _ = written.wait(timeout: .now() + .seconds(1))
    }

    private func drain() {
        let taken = state.withLock { state in
            defer { state = State() }
            return state
        }
        write(taken.text)
        if taken.dropped > 0 { write(Array("log output stood still: \(taken.dropped) lines dropped\n".utf8)) }
        for waiter in taken.waiters { waiter.signal() }
    }

    private func write(_ text: [UInt8]) {
        var done = 0
        while done < text.count {
            let written = unsafe text.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            }
            if written > 0 {
                done += written
            } else if errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&entry, 1, 1000)
            } else if errno != EINTR {
                return  // nobody reads any more, and there is no other place to say so
            }
        }
    }
}
