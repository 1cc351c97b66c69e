import AsyncHTTPClient

/// A request in the form in which it leaves: its URL read, its headers made.
public struct PreparedRequest {
    let request: FetchRequest
    /// The request's own, or where a redirect led.
    let url: String
    let outgoing: HTTPClient.Request
}
