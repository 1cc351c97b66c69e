import AsyncHTTPClient
import Foundation
import Logging
public import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// The box's HTTP client: webhooks, call scripts and prompts go through it.
///
/// - Threading: any thread; waits without blocking.
/// - Fails with: `FetchFault`.
/// - Reference: trap of async-http-client in findings: by default it retries a refused connection until the connect
///   timeout; here that is off, so that a refused port is told at once.
public final class HTTPFetcher: Sendable {
    public struct Configuration: Sendable {
        /// Of one kind of traffic: deliveries of each stream bound themselves to it. The pool takes four times as many,
        /// since a request that finds none free waits on its connect timeout.
        public var connectionsPerHost: Int
        /// Below the usual keep-alive of receivers (5 s of Node and uvicorn), else their close races with our request.
        public var idleMilliseconds: Int
        public var outbound: OutboundPolicy
        /// PEM file of further trusted roots.
        public var trustRootsFile: String?
        public var userAgent: String

        public init(
            connectionsPerHost: Int = 64, idleMilliseconds: Int = 4000, outbound: OutboundPolicy = OutboundPolicy(),
            trustRootsFile: String? = nil, userAgent: String = "Switchhook"
        ) {
            self.connectionsPerHost = connectionsPerHost
            self.idleMilliseconds = idleMilliseconds
            self.outbound = outbound
            self.trustRootsFile = trustRootsFile
            self.userAgent = userAgent
        }
    }

    public let configuration: Configuration
    private let eventLoopGroup: any EventLoopGroup
    private let resolver: PolicyResolver
    /// async-http-client fixes the connect timeout per client, and closes connections asked for on one loop as soon as
    /// they are idle: one client per step of 100 ms and loop, made when first asked for.
    private let clients = Mutex<[ClientKey: HTTPClient]>([:])

    private struct ClientKey: Hashable {
        var connectMilliseconds: Int
        var loop: ObjectIdentifier?
    }

    /// - Parameter eventLoopGroup: nil takes the process-wide one.
    public init(_ configuration: Configuration = Configuration(), eventLoopGroup: (any EventLoopGroup)? = nil) {
        self.configuration = configuration
        self.eventLoopGroup = eventLoopGroup ?? HTTPClient.defaultEventLoopGroup
        resolver = PolicyResolver(policy: configuration.outbound)
    }

    /// Closes every connection; requests still running end with `cancelled`.
    public func shutdown() async {
        let all = clients.withLock { clients in
            defer { clients.removeAll() }
            return Array(clients.values)
        }
        for client in all {
            do { try await client.shutdown() } catch {
                Logger(label: "http").debug("client already shut down", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Asks the outbound policy about a host to which another edge wants to connect.
    nonisolated(nonsending) public func permit(host: String, deadline: NIODeadline) async throws(FetchFault) {
        try await resolver.check(host: host, deadline: deadline)
    }

    /// A loop of the client. Who runs on it and names it in its requests hears of the response without another thread
    /// being woken.
    public func nextLoop() -> any EventLoop { eventLoopGroup.next() }

    /// All that can be done before a request's turn comes.
    public func prepare(_ request: FetchRequest) throws(FetchFault) -> PreparedRequest {
        try prepare(request, url: request.url)
    }

    nonisolated(nonsending) public func send(_ request: FetchRequest) async throws(FetchFault) -> FetchResponse {
        try await send(try prepare(request))
    }

    nonisolated(nonsending) public func send(_ prepared: PreparedRequest) async throws(FetchFault) -> FetchResponse {
        let request = prepared.request
        let deadline = NIODeadline.now() + .milliseconds(Int64(max(1, request.timeoutMilliseconds)))
        var next = prepared
        for _ in 0...min(3, max(0, request.redirects)) {
            let response = try await sendOnce(next, deadline: deadline)
            guard request.method == .get, request.redirects > 0, [301, 302, 303, 307, 308].contains(response.status),
                let location = response.header("location")
            else { return response }
            guard let url = URL(string: location, relativeTo: URL(string: response.url))?.absoluteString else {
                throw FetchFault(.badResponse, "redirect to \(location)")
            }
            next = try prepare(request, url: url)
        }
        throw FetchFault(.badResponse, "more than \(request.redirects) redirects")
    }

    private func prepare(_ request: FetchRequest, url: String) throws(FetchFault) -> PreparedRequest {
        var headers = HTTPHeaders([("user-agent", configuration.userAgent)])
        for header in request.headers { headers.replaceOrAdd(name: header.name, value: header.value) }
        let outgoing: HTTPClient.Request
        do {
            outgoing = try HTTPClient.Request(
                url: url, method: request.method == .get ? .GET : .POST, headers: headers,
                body: request.body.map { .byteBuffer(ByteBuffer(bytes: $0)) })
        } catch { throw FetchFault(.badURL, "\(url): \(error)") }
        guard outgoing.scheme == "http" || outgoing.scheme == "https" else {
            throw FetchFault(.badURL, "\(url): only http and https")
        }
        return PreparedRequest(request: request, url: url, outgoing: outgoing)
    }

    nonisolated(nonsending) private func sendOnce(
        _ prepared: PreparedRequest, deadline: NIODeadline
    ) async throws(FetchFault) -> FetchResponse {
        let (request, url, outgoing) = (prepared.request, prepared.url, prepared.outgoing)
        try await resolver.check(host: outgoing.host, deadline: deadline)
        let collector = BodyCollector(
            limit: request.maximumBodyBytes, keepsBody: !request.discardsBody, onSent: request.onSent)
        let collected: BodyCollector.Collected
        do {
            let task = client(connectTimeout: request.connectTimeoutMilliseconds, on: request.loop).execute(
                request: outgoing, delegate: collector, deadline: deadline)
            collected = try await withTaskCancellationHandler {
                // Not the future's own `get()`, which would take the caller off its loop and back.
                try await withCheckedThrowingContinuation { waiting in
                    task.futureResult.whenComplete { waiting.resume(with: $0) }
                }
            } onCancel: {
                task.fail(reason: HTTPClientError.cancelled)
            }
        } catch let error as BodyCollector.BodyTooLarge {
            guard request.discardsBody else {
                throw FetchFault(.tooLarge, "body of \(url) is over \(request.maximumBodyBytes) bytes")
            }
            collected = BodyCollector.Collected(head: error.head, body: [])
        } catch { throw FetchFault(error) }
        return FetchResponse(
            status: Int(collected.head.status.code), headers: collected.head.headers.map { ($0.name, $0.value) },
            body: collected.body, url: url)
    }

    private func client(connectTimeout milliseconds: Int, on loop: (any EventLoop)?) -> HTTPClient {
        let step = (min(3000, max(100, milliseconds)) + 99) / 100 * 100
        let key = ClientKey(connectMilliseconds: step, loop: loop.map { ObjectIdentifier($0) })
        return clients.withLock { clients in
            if let client = clients[key] { return client }
            let client = makeClient(connectMilliseconds: step, on: loop ?? eventLoopGroup)
            clients[key] = client
            return client
        }
    }

    private func makeClient(connectMilliseconds: Int, on group: any EventLoopGroup) -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let file = configuration.trustRootsFile { tls.additionalTrustRoots = [.file(file)] }
        var settings = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .milliseconds(Int64(connectMilliseconds))),
            connectionPool: .init(
                idleTimeout: .milliseconds(Int64(configuration.idleMilliseconds)),
                concurrentHTTP1ConnectionsPerHostSoftLimit: 4 * configuration.connectionsPerHost))
        settings.httpVersion = .http1Only
        // Nobody listens, but spans would be filled for every request.
        settings.tracing.tracer = nil
        settings.connectionPool.retryConnectionEstablishment = false
        let policy = configuration.outbound
        settings.http1_1ConnectionDebugInitializer = { channel in
            // The name was checked before, but may have got another address since: the open connection decides.
            if !policy.isOpen, let address = channel.remoteAddress?.ipAddress, let refusal = policy.refusal(of: address)
            {
                // Closed only after the pool has seen the failure: it must not hear of the end of a connection first.
                channel.eventLoop.execute { channel.close(promise: nil) }
                return channel.eventLoop.makeFailedFuture(FetchFault(.policyDenied, refusal))
            }
            return channel.eventLoop.submit {
                try channel.pipeline.syncOperations.addHandler(FlushGathering(), position: .first)
            }
        }
        return HTTPClient(eventLoopGroupProvider: .shared(group), configuration: settings)
    }
}
