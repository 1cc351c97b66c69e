import CallModel
import EdgeProtocols
import Synchronization

/// The way to live sessions for parts that exist before the server does; before that there is no session to tell.
final class ClientSessions: ClientTelling {
    private let server = Mutex<(any ClientTelling)?>(nil)

    func connect(_ server: any ClientTelling) { self.server.withLock { $0 = server } }

    func tell(_ event: EventRow) { server.withLock { $0 }?.tell(event) }
}
