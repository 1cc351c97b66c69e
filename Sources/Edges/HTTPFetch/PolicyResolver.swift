import Dispatch
import NIOCore
import Synchronization

/// Looks a host up before a request and says whether the outbound policy refuses its address.
///
/// - Threading: any; the system's resolver blocks, so it runs on a queue of its own.
/// - Bound: an answer is kept for 10 s, at most 256 of them. The connection's real address is judged again later.
final class PolicyResolver: Sendable {
    private static let keptFor = TimeAmount.seconds(10)
    private static let keptHosts = 256

    private let policy: OutboundPolicy
    private let queue = DispatchQueue(label: "switchhook.resolver", attributes: .concurrent)
    private let known = Mutex<[String: (address: String, until: NIODeadline)]>([:])

    init(policy: OutboundPolicy) { self.policy = policy }

    nonisolated(nonsending) func check(host: String, deadline: NIODeadline) async throws(FetchFault) {
        if policy.isOpen { return }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        let address: String =
            if IPNetwork.bytes(of: bare) != nil {
                bare
            } else if let kept = known.withLock({ $0[bare] }), kept.until > .now() {
                kept.address
            } else {
                try await resolve(bare, deadline)
            }
        if let refusal = policy.refusal(of: address) { throw FetchFault(.policyDenied, "\(host): \(refusal)") }
    }

    private func resolve(_ host: String, _ deadline: NIODeadline) async throws(FetchFault) -> String {
        let answer: Result<String, FetchFault> = await withCheckedContinuation { continuation in
            let once = Once(continuation)
            queue.async { once.resume(Self.lookUp(host)) }
            let limit = DispatchTime.now() + .nanoseconds(Int(max(0, (deadline - .now()).nanoseconds)))
            DispatchQueue.global().asyncAfter(deadline: limit) {
                once.resume(.failure(FetchFault(.connectTimeout, "\(host) was not resolved in time")))
            }
        }
        let address = try answer.get()
        known.withLock { known in
            if known.count >= Self.keptHosts { known.removeAll() }
            known[host] = (address, .now() + Self.keptFor)
        }
        return address
    }

    private static func lookUp(_ host: String) -> Result<String, FetchFault> {
        do {
            let address = try SocketAddress.makeAddressResolvingHost(host, port: 0).ipAddress
            return address.map { .success($0) } ?? .failure(FetchFault(.unresolvable, host))
        } catch { return .failure(FetchFault(.unresolvable, "\(host): \(error)")) }
    }

    /// Resumes with whichever answer comes first.
    private final class Once: Sendable {
        private let continuation: Mutex<CheckedContinuation<Result<String, FetchFault>, Never>?>

        init(_ continuation: CheckedContinuation<Result<String, FetchFault>, Never>) {
            self.continuation = Mutex(continuation)
        }

        func resume(_ result: Result<String, FetchFault>) {
            continuation.withLock { $0.take() }?.resume(returning: result)
        }
    }
}
