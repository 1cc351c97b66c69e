import CallModel
import CoreMetrics
import EdgeProtocols
import HTTPFetch
import Logging
import MediaTime
import Metrics
import NIOCore
import WireJSON

/// Makes one attempt at a notification of one stream.
///
/// - Threading: any.
struct WebhookSender: Sendable {
    /// The response is of no interest; what is longer is not even read.
    private static let readAwayBytes = 64 << 10

    let stream: EventStream
    let fetcher: HTTPFetcher
    let issuer: String
    let time: any TimeSource
    let directory: @Sendable (ApplicationID) -> (Application, Account)?
    let logger: Logger
    private let delivered: Counter
    private let failed: Counter
    private let refused: Counter
    private let dispatch: Timer

    init(
        stream: EventStream, fetcher: HTTPFetcher, issuer: String, time: any TimeSource,
        directory: @escaping @Sendable (ApplicationID) -> (Application, Account)?, logger: Logger
    ) {
        self.stream = stream
        self.fetcher = fetcher
        self.issuer = issuer
        self.time = time
        self.directory = directory
        self.logger = logger
        let attempts = { (outcome: String) in
            Counter(
                label: "switchhook_webhook_attempts_total",
                dimensions: [("stream", stream.rawValue), ("outcome", outcome)])
        }
        delivered = attempts("delivered")
        failed = attempts("failed")
        refused = attempts("refused")
        dispatch = Timer(
            label: "switchhook_webhook_dispatch_seconds", dimensions: [("stream", stream.rawValue)])
    }

    /// Scheme, host and port of where the row goes now; nil when there is nobody to tell.
    func host(of row: EventRow) -> String? {
        guard let (application, _) = directory(row.application) else { return nil }
        guard let url = (row.destination ?? setting(application)?.target)?.url else { return nil }
        // Asked for every row: bytes, since ranges of text are searched slowly.
        let text = url.utf8
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return url }
        let host = text[colon...].dropFirst(3)
        return String(url[..<(host.firstIndex { "/?#".utf8.contains($0) } ?? url.endIndex)])
    }

    /// An attempt that only waits for its turn.
    struct Attempt {
        let row: EventRow
        let target: WebhookTarget
        let request: Result<PreparedRequest, FetchFault>
    }

    /// Everything but the sending; nil when there is nobody to tell.
    ///
    /// - Parameter limit: of this attempt; nil: the webhook's own time limits.
    /// - Parameter committed: counts in the figure "commit to wire"; nil: does not.
    func prepare(
        _ row: EventRow, limit: Duration?, committed: MonotonicInstant?, on loop: any EventLoop
    ) -> Attempt? {
        guard let (application, account) = directory(row.application) else { return nil }
        let setting = setting(application)
        guard let target = row.destination ?? setting?.target else { return nil }
        let connect = setting?.connectTimeoutMilliseconds ?? 1000
        let webhook = WebhookRequest(
            target: target, application: application, account: account,
            isSigned: stream == .voice ? application.voiceSignedCallbacks : application.rtcSignedCallbacks,
            issuer: issuer)
        // RTC bodies are JSON only (rtc-webhooks): GET is for voice.
        let isQuery = stream == .voice && target.method == .get
        var fetch = webhook.fetch(
            body: row.body, fields: isQuery ? fields(of: row) : nil, connectTimeoutMilliseconds: connect,
            timeoutMilliseconds: limit.map { Int($0.wholeMilliseconds) }
                ?? connect + (setting?.socketTimeoutMilliseconds ?? 10_000),
            now: time.wallNow, maximumBodyBytes: Self.readAwayBytes, discardsBody: true)
        fetch.loop = loop
        if let committed {
            fetch.onSent = { [dispatch, time] in dispatch.recordNanoseconds((time.now - committed).wholeNanoseconds) }
        }
        let request: Result<PreparedRequest, FetchFault>
        do { request = .success(try fetcher.prepare(fetch)) } catch { request = .failure(error) }
        return Attempt(row: row, target: target, request: request)
    }

    nonisolated(nonsending) func send(_ attempt: Attempt) async -> DeliveryMachine.Outcome {
        let (row, target) = (attempt.row, attempt.target)
        do {
            return outcome(try await fetcher.send(try attempt.request.get()).status, row, target)
        } catch {
            switch error.code {
            case .policyDenied, .badURL:
                refused.increment()
                log("webhook cannot be sent", row, target, "\(error)")
                return .refused
            case .cancelled, .refused, .unreachable, .unresolvable, .closed, .reset, .connectTimeout, .socketTimeout,
                .tooLarge, .badResponse, .tls:
                failed.increment()
                log("webhook attempt failed", row, target, "\(error)")
                return .failed
            }
        }
    }

    private func outcome(_ status: Int, _ row: EventRow, _ target: WebhookTarget) -> DeliveryMachine.Outcome {
        switch status {
        case 200..<300:
            delivered.increment()
            return .delivered
        case 429, 500...:
            failed.increment()
            log("webhook attempt failed", row, target, "\(status)")
            return .failed
        default:
            refused.increment()
            log("webhook refused by its receiver", row, target, "\(status)")
            return .refused
        }
    }

    private func setting(_ application: Application) -> WebhookSetting? {
        stream == .voice ? application.voiceEventURL : application.rtcEventURL
    }

    private func fields(of row: EventRow) -> JSONObject? {
        do { return try JSON(parsing: row.body).object } catch {
            logger.error("voice event is not JSON", metadata: ["position": "\(row.position)", "error": "\(error)"])
            return nil
        }
    }

    private func log(_ message: Logger.Message, _ row: EventRow, _ target: WebhookTarget, _ detail: String) {
        logger.info(
            message,
            metadata: [
                "stream": "\(stream.rawValue)", "position": "\(row.position)", "type": "\(row.type)",
                "conversation": "\(row.conversation?.text ?? "")", "url": "\(target.url)", "detail": "\(detail)",
            ])
    }
}
