import CLinux
import CoreMetrics
public import CallModel
public import EdgeProtocols
public import HTTPFetch
public import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Websocket legs: the box as client of an application's voice bot.
///
/// - Reference: contract websocket-endpoint.
/// - Threading: any thread; all legs live on one event loop of their own, so that webhooks do not disturb their pace.
public final class SocketLegs: SocketDialing {
    /// The kernel has no more descriptors.
    public struct StartFault: Error, CustomStringConvertible {
        public let description: String
    }

    let media: any MediaControl
    let fetcher: HTTPFetcher
    let logger: Logger
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop: any EventLoop
    let legs: NIOLoopBoundBox<[LegID: SocketLeg]>
    let metrics = SocketMetrics()
    let tls = Mutex<TLSContexts>(TLSContexts())
    private let settings: SocketSettings
    private let sign: @Sendable (ApplicationID) -> String?
    private let report: @Sendable (LegID, SocketEvent) -> Void
    private let doorbell: Int32
    private let bell = Mutex<(any Channel)?>(nil)

    /// - Parameters:
    ///   - fetcher: whose outbound policy and trusted roots hold here too.
    ///   - sign: a token for the Authorization header, as of signed webhooks; nil when the application has gone.
    ///   - report: called on the event loop; must not block.
    public init(
        media: any MediaControl, fetcher: HTTPFetcher, settings: SocketSettings = SocketSettings(), logger: Logger,
        sign: @escaping @Sendable (ApplicationID) -> String?,
        report: @escaping @Sendable (LegID, SocketEvent) -> Void
    ) throws(StartFault) {
        self.media = media
        self.fetcher = fetcher
        self.settings = settings
        self.logger = logger
        self.sign = sign
        self.report = report
        loop = group.next()
        legs = NIOLoopBoundBox.makeBoxSendingValue([:], eventLoop: loop)
        doorbell = swh_eventfd_create()
        if doorbell < 0 { throw StartFault(description: "the kernel refuses an eventfd: errno \(-doorbell)") }
    }

    /// Begins to listen for the media workers.
    public func start() async throws {
        let legs = legs
        let channel = try await NIOPipeBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let doorbell = Doorbell { for leg in Array(legs.value.values) { leg.exchange() } }
                    try channel.pipeline.syncOperations.addHandler(doorbell)
                }
            }
            .takingOwnershipOfDescriptor(input: doorbell).get()
        bell.withLock { $0 = channel }
        loop.scheduleRepeatedTask(initialDelay: .milliseconds(250), delay: .milliseconds(250)) { [metrics] _ in
            let now = NIODeadline.now()
            metrics.open.record(legs.value.count)
            for leg in Array(legs.value.values) { leg.keepHouse(at: now) }
        }
    }

    /// Ends every connection; the media engine must have stopped.
    public func stop() async {
        do {
            try await bell.withLock { $0.take() }?.close()
        } catch {
            logger.debug("the doorbell was closed already", metadata: ["error": "\(error)"])
        }
        do {
            try await group.shutdownGracefully()
        } catch {
            logger.warning("the loop of websocket legs did not end cleanly", metadata: ["error": "\(error)"])
        }
    }

    public func open(_ leg: LegID, _ call: SocketCall, application: ApplicationID, timeoutSeconds: Int) {
        let deadline = NIODeadline.now() + .seconds(Int64(timeoutSeconds))
        loop.execute { [self] in
            if legs.value[leg] != nil { return }
            legs.value[leg] = SocketLeg(
                id: leg, call: call, port: AudioPort(rate: call.rate, doorbell: doorbell), until: deadline,
                settings: settings, metrics: metrics, logger: logger,
                report: { [report] event in report(leg, event) },
                onOver: { [legs] in legs.value[leg] = nil })
            var authorization: String?
            switch call.authorization {
            case .custom(let value): authorization = value
            case .signature: authorization = sign(application).map { "Bearer " + $0 }
            case nil: break
            }
            let header = authorization
            Task { await self.dial(leg, call, authorization: header, deadline: deadline) }
        }
    }

    public func close(_ leg: LegID) {
        loop.execute { [legs] in legs.value[leg]?.close() }
    }

    public func tell(_ leg: LegID, digit: Character, durationMilliseconds: Int) {
        loop.execute { [legs] in legs.value[leg]?.tell(digit: digit, durationMilliseconds: durationMilliseconds) }
    }
}
