public import CallModel
public import Rings
internal import Synchronization
public import WireJSON

/// A websocket that the box opens as a leg (contract websocket-endpoint §1).
public struct SocketCall: Hashable, Sendable {
    public enum Authorization: Hashable, Sendable {
        /// A token like that of a signed webhook.
        case signature
        /// This value of the Authorization header, unchanged.
        case custom(String)
    }
    /// `ws` or `wss`.
    public var uri: String
    /// Samples per second: 8 000, 16 000, 24 000 or 48 000.
    public var rate: Int
    /// Members of the first message and of every event of the leg.
    public var headers: JSONObject
    public var authorization: Authorization?

    public init(uri: String, rate: Int, headers: JSONObject = JSONObject(), authorization: Authorization? = nil) {
        self.uri = uri
        self.rate = rate
        self.headers = headers
        self.authorization = authorization
    }

    /// `audio/l16;rate=16000`
    public var contentType: String { "audio/l16;rate=\(rate)" }
}

/// What becomes of a websocket leg.
public enum SocketEvent: Sendable {
    /// The handshake is done and its media is there.
    case opened
    /// It could not be opened: refused, unresolvable, TLS, anything but 101.
    case failed(String)
    /// No reply in time.
    case unanswered
    /// The application side closed it, dropped the connection or stopped answering pings.
    case closed(String)
    /// The box had no media for it.
    case refused(MediaRefusal)
}

/// The edge that carries websocket legs.
///
/// - Threading: any thread; nothing here waits. Events of one leg come in order.
public protocol SocketDialing: Sendable {
    /// Begins the handshake; its outcome is told as a `SocketEvent`, the first of `timeoutSeconds` and 10 s at the latest.
    func open(_ leg: LegID, _ call: SocketCall, application: ApplicationID, timeoutSeconds: Int)
    /// Closes with 1000, or gives up the handshake; no event follows. Unknown legs are ignored.
    func close(_ leg: LegID)
    /// Another party of the call pressed a key.
    func tell(_ leg: LegID, digit: Character, durationMilliseconds: Int)
}

/// Where an edge and a media worker exchange a leg's sound.
///
/// - Memory: the rings live as long as anyone holds the port: the edge, and the engine until its worker is done.
public final class AudioPort: Sendable {
    /// Samples per second of both rings.
    public let rate: Int
    public let rings: AudioRings
    /// An eventfd that the worker signals when a frame of 20 ms waits in `fromMix`; it outlives the engine.
    public let doorbell: Int32
    // What the edge has exchanged with its peer, for the leg's statistics.
    private let messagesReceived = Atomic<Int>(0)
    private let bytesReceived = Atomic<Int>(0)
    private let messagesSent = Atomic<Int>(0)
    private let bytesSent = Atomic<Int>(0)

    /// Rings of 200 ms.
    public init(rate: Int, doorbell: Int32) {
        self.rate = rate
        self.doorbell = doorbell
        rings = AudioRings.allocate(capacity: rate / 5)
    }

    deinit { rings.deallocate() }

    /// Samples of 20 ms.
    public var frame: Int { rate / 50 }

    public func countReceived(bytes: Int) {
        messagesReceived.add(1, ordering: .relaxed)
        bytesReceived.add(bytes, ordering: .relaxed)
    }

    public func countSent(bytes: Int) {
        messagesSent.add(1, ordering: .relaxed)
        bytesSent.add(bytes, ordering: .relaxed)
    }

    /// Messages and bytes of sound so far.
    public var statistics: MediaStatistics {
        var statistics = MediaStatistics()
        statistics.packetsReceived = messagesReceived.load(ordering: .relaxed)
        statistics.bytesReceived = bytesReceived.load(ordering: .relaxed)
        statistics.packetsSent = messagesSent.load(ordering: .relaxed)
        statistics.bytesSent = bytesSent.load(ordering: .relaxed)
        statistics.codec = "l16"
        return statistics
    }
}
