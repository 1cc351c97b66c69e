import EdgeProtocols
import HTTPFetch
import PromptAudio

/// Fetches prompt files under the outbound policy.
enum PromptFetching {
    /// - Parameter time: of one file, from the request to its last byte.
    static func fetch(with fetcher: HTTPFetcher, maximumBytes: Int, time: Duration) -> PromptLibrary.Fetch {
        { url throws(PromptFault) in
            do throws(FetchFault) {
                let response = try await fetcher.send(
                    FetchRequest(
                        method: .get, url: url, timeoutMilliseconds: Int(time / .milliseconds(1)),
                        maximumBodyBytes: maximumBytes,
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
