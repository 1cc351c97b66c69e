public import NIOCore

/// One HTTP request of the box to the outside.
public struct FetchRequest: Sendable {
    public enum Method: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
    }
    public var method: Method
    /// Absolute http or https URL.
    public var url: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]?
    /// From the first SYN to the open connection, TLS included; rounded up to 100 ms, 100…3000.
    public var connectTimeoutMilliseconds: Int
    /// Of the whole request, from now to the last body byte: a dripping body ends here too.
    public var timeoutMilliseconds: Int
    /// Longest accepted response body.
    public var maximumBodyBytes: Int
    /// True when only the status counts: the body is read away and not kept, too long a body is no fault.
    public var discardsBody: Bool
    /// How many redirects of a GET are followed; 0…3.
    public var redirects: Int
    /// Called on the connection's event loop when the whole request has been written.
    public var onSent: (@Sendable () -> Void)?
    /// The loop that carries the request, one of `HTTPFetcher.nextLoop()`; nil: any.
    public var loop: (any EventLoop)?

    public init(
        method: Method, url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        connectTimeoutMilliseconds: Int = 1000, timeoutMilliseconds: Int, maximumBodyBytes: Int = 1 << 20,
        discardsBody: Bool = false, redirects: Int = 0
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.timeoutMilliseconds = timeoutMilliseconds
        self.maximumBodyBytes = maximumBodyBytes
        self.discardsBody = discardsBody
        self.redirects = redirects
    }
}

/// A response, read to its end.
public struct FetchResponse: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// Where it came from in the end, redirects followed.
    public var url: String

    /// The first header of that name, compared without case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
