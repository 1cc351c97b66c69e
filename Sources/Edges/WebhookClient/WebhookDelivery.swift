public import CallModel
import EdgeProtocols
public import HTTPFetch
public import Logging
public import MediaTime

/// Delivers what the log holds to the Applications' voice and RTC `event_url`: two durable readers, independent of
/// each other (contract README 9 to 11).
///
/// - Threading: any thread.
/// - At least once: a crash repeats what was sent in the last moments before it, byte for byte; it loses and reorders
///   nothing. Every attempt carries a fresh signature.
public final class WebhookDelivery: Sendable {
    private let journal: any DeliveryJournal
    private let voice: DeliveryReader
    private let rtc: DeliveryReader
    private let settings: DeliverySettings

    /// - Parameter directory: the Application as configured now, with the account it signs for; nil: unknown, its rows
    ///   are done.
    public init(
        journal: any DeliveryJournal, fetcher: HTTPFetcher, settings: DeliverySettings = DeliverySettings(),
        time: any TimeSource = SystemTimeSource(), logger: Logger,
        directory: @escaping @Sendable (ApplicationID) -> (Application, Account)?
    ) {
        self.journal = journal
        self.settings = settings
        let reader = { (stream: EventStream) in
            DeliveryReader(
                journal: journal,
                sender: WebhookSender(
                    stream: stream, fetcher: fetcher, issuer: settings.issuer, time: time, directory: directory,
                    logger: logger), settings: settings, time: time, logger: logger)
        }
        voice = reader(.voice)
        rtc = reader(.rtc)
    }

    /// Goes on where the last run ended. Call it once, before the first call of this run is logged or soon after.
    public func start() async throws {
        try await voice.start()
        try await rtc.start()
    }

    public func lag(_ stream: EventStream) async throws -> WebhookLag {
        try await reader(stream).lag()
    }

    /// Waits until what is committed has been delivered or parked, at most until `deadline`; what remains is durable.
    public func drain(until deadline: MonotonicInstant) async throws {
        try await journal.flush()
        async let one: Void = voice.drain(until: deadline)
        async let other: Void = rtc.drain(until: deadline)
        _ = await (one, other)
        try await journal.flush()
    }

    /// Sends nothing more; what is left goes out after the next start.
    public func stop() async {
        await voice.stop()
        await rtc.stop()
    }

    /// Waits until the voice notifications of a leg that are appended now have had their first attempt, at most 500 ms
    /// (contract README 10), and at most 50 ms for the disk.
    public func letNotificationsOut(of leg: LegID) async {
        await voice.letNotificationsOut(of: leg, within: settings.notificationWait)
    }

    /// The call's own path is through with a request whose row has delivery `.asked` and exactly this body: the row is
    /// owed no longer. `ScriptClient` says it by itself.
    public func asked(_ body: [UInt8]) async {
        await voice.asked(body)
    }

    private func reader(_ stream: EventStream) -> DeliveryReader { stream == .voice ? voice : rtc }
}
