import CallModel
import MediaTime
import Synchronization

/// How many Voice API requests an Application may make in a second (voice-api §7, contract README 18).
///
/// - Threading: any; one lock, held for a look-up.
final class RequestRates: Sendable {
    enum Kind: Hashable { case call, request }

    private struct Key: Hashable {
        var application: ApplicationID
        var kind: Kind
    }

    /// A bucket that fills evenly and holds one second's worth.
    private struct Bucket {
        var tokens: Double
        var filledAt: MonotonicInstant
    }

    private let limits: [Kind: Int]
    private let clock: any TimeSource
    private let buckets = Mutex<[Key: Bucket]>([:])

    /// - Parameters: requests a second; zero: no limit.
    init(calls: Int, requests: Int, clock: any TimeSource) {
        limits = [.call: calls, .request: requests].filter { $0.value > 0 }
        self.clock = clock
    }

    /// The handler, behind the limit.
    func limiting(
        _ kind: Kind, _ handler: @escaping @Sendable (APIRequest) async throws -> APIReply
    ) -> @Sendable (APIRequest) async throws -> APIReply {
        guard let limit = limits[kind] else { return handler }
        return { [self] request in
            let application = try request.authenticated().application
            guard admits(Key(application: application, kind: kind), limit) else {
                throw Problem.tooMany("More than \(limit) \(kind == .call ? "new calls" : "requests") a second")
            }
            return try await handler(request)
        }
    }

    private func admits(_ key: Key, _ limit: Int) -> Bool {
        let now = clock.now
        return buckets.withLock { buckets in
            var bucket = buckets[key] ?? Bucket(tokens: Double(limit), filledAt: now)
            let seconds = (now - bucket.filledAt) / .seconds(1)
            bucket.tokens = min(Double(limit), bucket.tokens + seconds * Double(limit))
            bucket.filledAt = now
            defer { buckets[key] = bucket }
            guard bucket.tokens >= 1 else { return false }
            bucket.tokens -= 1
            return true
        }
    }
}
