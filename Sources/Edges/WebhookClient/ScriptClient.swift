public import CallModel
import Dispatch
public import EdgeProtocols
import Foundation
public import HTTPFetch
public import Logging
public import MediaTime
import WireJSON

/// Asks Applications for call scripts (voice-webhooks §2, §5, §6).
///
/// - Threading: any thread; waits without blocking.
/// - Fails with: nothing: a reply without a body says in words what failed.
public final class ScriptClient: ScriptAsking {
    private static let maximumScriptBytes = 1 << 20

    private let fetcher: HTTPFetcher
    private let account: @Sendable () -> Account
    private let delivery: WebhookDelivery?
    private let time: any TimeSource
    private let issuer: String
    private let logger: Logger

    /// - Parameter delivery: is asked to let earlier notifications of a leg out first; nil: nothing waits.
    public init(
        fetcher: HTTPFetcher, account: @escaping @Sendable () -> Account, delivery: WebhookDelivery?,
        time: any TimeSource = SystemTimeSource(), issuer: String = "Vonage", logger: Logger
    ) {
        self.fetcher = fetcher
        self.account = account
        self.delivery = delivery
        self.time = time
        self.issuer = issuer
        self.logger = logger
    }

    public func ask(
        _ request: ScriptRequest, validate: @escaping @Sendable ([UInt8]) -> String?
    ) async -> ScriptReply {
        let started = time.now
        let deadline = started + .milliseconds(request.deadlineMilliseconds)
        // An ending of a connected leg is asked for the caller's leg, but tells of the connected one.
        let subject = request.fields["uuid"]?.string.map(LegID.init) ?? request.leg
        await delivery?.letNotificationsOut(of: subject)
        let requested = time.now
        let primary = Destination(
            target: request.target, connectTimeoutMilliseconds: request.connectTimeoutMilliseconds,
            socketTimeoutMilliseconds: request.socketTimeoutMilliseconds, fields: request.fields)
        let (body, failure) = await answer(request, primary, deadline, validate)
        if request.kind == .event { await delivery?.asked(JSON.object(request.fields).bytes) }
        return ScriptReply(body: body, failure: failure, requestedAt: requested, repliedAt: time.now)
    }

    public func read(file path: String) async throws -> [UInt8] {
        if path.hasPrefix("http://") || path.hasPrefix("https://") {
            let response = try await fetcher.send(
                FetchRequest(
                    method: .get, url: path, timeoutMilliseconds: 6000, maximumBodyBytes: Self.maximumScriptBytes))
            guard (200...205).contains(response.status) else {
                throw FetchFault(.badResponse, "\(path) answers \(response.status)")
            }
            return response.body
        }
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { [UInt8](try Data(contentsOf: URL(filePath: path))) })
            }
        }
    }

    private struct Destination {
        var target: WebhookTarget
        var connectTimeoutMilliseconds: Int
        var socketTimeoutMilliseconds: Int
        var fields: JSONObject
    }

    private enum Attempt {
        case body([UInt8])
        case failed(FailureReason, detail: String, isTransient: Bool)
    }

    private func answer(
        _ request: ScriptRequest, _ primary: Destination, _ deadline: MonotonicInstant,
        _ validate: @Sendable ([UInt8]) -> String?
    ) async -> (body: [UInt8]?, failure: String?) {
        let (body, reason, detail) = await twoAttempts(request, primary, deadline, validate)
        if let body { return (body, nil) }
        let first = "\(request.target.url): \(reason.rawValue) \(detail)"
        log(request, request.target.url, reason, detail)
        guard let fallback = request.fallback, deadline > time.now, !Task.isCancelled else { return (nil, first) }
        var fields = request.fields
        fields["reason"] = .string(reason.rawValue)
        fields["original_request"] = ["url": .string(request.target.url), "type": .string(request.kind.rawValue)]
        let second = Destination(
            target: fallback.target, connectTimeoutMilliseconds: fallback.connectTimeoutMilliseconds,
            socketTimeoutMilliseconds: fallback.socketTimeoutMilliseconds, fields: fields)
        let (otherBody, otherReason, otherDetail) = await twoAttempts(request, second, deadline, validate)
        if let otherBody { return (otherBody, nil) }
        log(request, fallback.target.url, otherReason, otherDetail)
        return (nil, "\(first); fallback \(fallback.target.url): \(otherReason.rawValue) \(otherDetail)")
    }

    /// The second attempt only after a failure that may pass.
    private func twoAttempts(
        _ request: ScriptRequest, _ destination: Destination, _ deadline: MonotonicInstant,
        _ validate: @Sendable ([UInt8]) -> String?
    ) async -> (body: [UInt8]?, reason: FailureReason, detail: String) {
        var last = (reason: FailureReason.timeout, detail: "no time left")
        for _ in 0..<2 {
            guard time.now < deadline else { break }
            switch await attempt(request, destination, deadline, validate) {
            case .body(let body): return (body, last.reason, "")
            case .failed(let reason, let detail, let isTransient):
                last = (reason, detail)
                if !isTransient { return (nil, reason, detail) }
            }
        }
        return (nil, last.reason, last.detail)
    }

    private func attempt(
        _ request: ScriptRequest, _ destination: Destination, _ deadline: MonotonicInstant,
        _ validate: @Sendable ([UInt8]) -> String?
    ) async -> Attempt {
        let budget = destination.connectTimeoutMilliseconds + destination.socketTimeoutMilliseconds
        let webhook = WebhookRequest(
            target: destination.target, application: request.application, account: account(),
            isSigned: request.application.voiceSignedCallbacks, issuer: issuer)
        let fetch = webhook.fetch(
            body: JSON.object(destination.fields).bytes, fields: destination.fields,
            connectTimeoutMilliseconds: destination.connectTimeoutMilliseconds,
            timeoutMilliseconds: min(budget, Int((deadline - time.now).wholeMilliseconds)), now: time.wallNow,
            maximumBodyBytes: Self.maximumScriptBytes, discardsBody: false)
        let response: FetchResponse
        do { response = try await fetcher.send(fetch) } catch {
            return .failed(FailureReason(error), detail: "\(error)", isTransient: error.isTransient)
        }
        guard (200...205).contains(response.status) else {
            return .failed(
                .invalidCode, detail: "\(response.status)", isTransient: [429, 503, 504].contains(response.status))
        }
        if Self.mustBeScript(request.kind, response.body), let fault = validate(response.body) {
            return .failed(.invalidNCCO, detail: fault, isTransient: false)
        }
        return .body(response.body)
    }

    /// An event's response counts as a script only when it is a non-empty array; anything else means "go on".
    private static func mustBeScript(_ kind: ScriptRequest.Kind, _ body: [UInt8]) -> Bool {
        if kind == .answer { return true }
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        let text = body.lazy.filter { !blanks.contains($0) }.prefix(2)
        return text.first == UInt8(ascii: "[") && !text.elementsEqual("[]".utf8)
    }

    private func log(_ request: ScriptRequest, _ url: String, _ reason: FailureReason, _ detail: String) {
        logger.warning(
            "call script not got",
            metadata: [
                "leg": "\(request.leg)", "conversation": "\(request.conversation)", "url": "\(url)",
                "kind": "\(request.kind.rawValue)", "reason": "\(reason.rawValue)", "detail": "\(detail)",
            ])
    }
}
