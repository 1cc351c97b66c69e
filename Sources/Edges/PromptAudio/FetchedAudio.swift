/// A sound file as an HTTP response gave it.
public struct FetchedAudio: Sendable {
    /// How long a response may be used again (RFC 9111 §5.2).
    public enum Freshness: Hashable, Sendable {
        /// No Cache-Control: used again for a short while.
        case unspecified
        /// `max-age`, seconds; `no-cache` is 0.
        case seconds(Int)
        /// `no-store`.
        case never
    }

    public var bytes: [UInt8]
    public var freshness: Freshness
    /// A stale clip whose file still has this tag is used on without being decoded again.
    public var etag: String?

    public init(bytes: [UInt8], freshness: Freshness, etag: String? = nil) {
        self.bytes = bytes
        self.freshness = freshness
        self.etag = etag
    }

    /// Reads the value of a `Cache-Control` header, nil when there is none.
    public init(bytes: [UInt8], cacheControl: String?, etag: String?) {
        self.init(bytes: bytes, freshness: Self.freshness(of: cacheControl ?? ""), etag: etag)
    }

    private static func freshness(of cacheControl: String) -> Freshness {
        var freshness = Freshness.unspecified
        for part in cacheControl.lowercased().split(separator: ",") {
            let directive = part.filter { $0 != " " && $0 != "\"" }
            if directive == "no-store" { return .never }
            if directive == "no-cache" {
                freshness = .seconds(0)
            } else if directive.hasPrefix("max-age="), freshness == .unspecified,
                let seconds = Int(directive.dropFirst(8))
            {
                freshness = .seconds(max(0, seconds))
            }
        }
        return freshness
    }
}
