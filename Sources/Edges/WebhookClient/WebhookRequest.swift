import CallModel
import HTTPFetch
import MediaTime
import Tokens
import WireJSON

/// Everything that makes one attempt at a webhook; a retry is built anew for a fresh token with the same bytes.
struct WebhookRequest: Sendable {
    var target: WebhookTarget
    var application: Application
    var account: Account
    var isSigned: Bool
    var issuer: String

    /// - Parameter body: sent byte for byte by POST.
    /// - Parameter fields: the query of a GET.
    func fetch(
        body: [UInt8], fields: JSONObject?, connectTimeoutMilliseconds: Int, timeoutMilliseconds: Int, now: WallTime,
        maximumBodyBytes: Int, discardsBody: Bool
    ) -> FetchRequest {
        let isGet = target.method == .get && fields != nil
        let sent = isGet ? [] : body
        var headers: [(name: String, value: String)] = []
        if !isGet { headers.append(("content-type", "application/json")) }
        if isSigned { headers.append(("authorization", "Bearer " + token(of: sent, now))) }
        return FetchRequest(
            method: isGet ? .get : .post,
            url: isGet ? QueryEncoding.url(target.url, fields ?? JSONObject()) : target.url,
            headers: headers, body: isGet ? nil : sent, connectTimeoutMilliseconds: connectTimeoutMilliseconds,
            timeoutMilliseconds: timeoutMilliseconds, maximumBodyBytes: maximumBodyBytes, discardsBody: discardsBody)
    }

    /// HS256 over the exact bytes sent (voice-webhooks §8); a GET hashes the empty body.
    private func token(of body: [UInt8], _ now: WallTime) -> String {
        WebhookSignature.bearer(
            secret: application.signatureSecret ?? account.signatureSecret, apiKey: account.apiKey,
            applicationID: application.id, issuer: issuer, body: body, now: now)
    }
}
