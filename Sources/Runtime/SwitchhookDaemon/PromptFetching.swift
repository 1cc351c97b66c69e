import EdgeProtocols
import HTTPFetch
import PromptAudio

/// Fetches prompt files under the outbound policy.
enum PromptFetching {
    /// Of one prompt file, from the request to its last byte.
    private static let limitMilliseconds = 20_000

    static func fetch(with fetcher: HTTPFetcher, maximumBytes: Int) -> PromptLibrary.Fetch {
        { url throws(PromptFault) in
            do throws(FetchFault) {
                let response = try await fetcher.send(
                    FetchRequest(
                        method: .get, url: url, timeoutMilliseconds: limitMilliseconds, maximumBodyBytes: maximumBytes,
                        redirects: 3))
                guard response.status == 200 else { throw FetchFault(.badResponse, "HTTP status \(response.status)") }
                return FetchedAudio(
                    bytes: response.body, cacheControl: response.header("Cache-Control"), etag: response.header("ETag"))
            } catch {
                throw PromptFault("\(url): \(error.detail)")
            }
        }
    }
}
