import Dispatch
import NIOCore

/// Looks a host up before a request and says whether the outbound policy refuses any of its addresses.
///
/// - Threading: any; the system's resolver blocks, so it runs on a queue of its own.
struct PolicyResolver: Sendable {
    let policy: OutboundPolicy
    private static let queue = DispatchQueue(label: "switchhook.resolver", attributes: .concurrent)

    func check(host: String) async throws(FetchFault) {
        if policy.isOpen { return }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        var addresses = [bare]
        if IPNetwork.bytes(of: bare) == nil {
            let resolved: Result<[String], FetchFault> = await withCheckedContinuation { continuation in
                Self.queue.async { continuation.resume(returning: Self.resolve(bare)) }
            }
            addresses = try resolved.get()
        }
        for address in addresses {
            if let refusal = policy.refusal(of: address) { throw FetchFault(.policyDenied, "\(host): \(refusal)") }
        }
    }

    private static func resolve(_ host: String) -> Result<[String], FetchFault> {
        do {
            // One address is enough here: the connection is checked again at the address it really has.
            return .success([try SocketAddress.makeAddressResolvingHost(host, port: 0).ipAddress].compactMap(\.self))
        } catch { return .failure(FetchFault(.unresolvable, "\(host): \(error)")) }
    }
}
