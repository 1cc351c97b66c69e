/// User name and password of a trunk, and how often its newest nonce has been used.
struct TrunkCredentials {
    let username: String
    let password: String
    private var nonce = ""
    private var count: UInt32 = 0

    init(username: String, password: String) {
        self.username = username
        self.password = password
    }

    /// The value of Authorization or Proxy-Authorization that answers a 401 or 407.
    ///
    /// - Parameters:
    ///   - challenges: header values, one a line.
    ///   - attempt: challenges of the same request before this one: a second one is answered only when it says that
    ///     the nonce was stale, else the password is wrong.
    mutating func answer(
        challenges: String, method: String, uri: String, attempt: Int, clientNonce: String
    ) -> String? {
        for line in challenges.split(whereSeparator: \.isNewline) {
            guard let challenge = DigestChallenge(String(line)) else { continue }
            guard attempt == 0 || (challenge.isStale && attempt < 3) else { return nil }
            if challenge.nonce != nonce {
                nonce = challenge.nonce
                count = 0
            }
            count += 1
            return challenge.answer(
                username: username, password: password, method: method, uri: uri, count: count,
                clientNonce: clientNonce)
        }
        return nil
    }
}
