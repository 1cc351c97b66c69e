import SDP
import Testing

private let key30 = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNk"
private let key28 = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nw=="

@Suite("SDES keys")
struct SDESTests {
    @Test(
        "usable lines are read",
        arguments: [
            "1 AES_CM_128_HMAC_SHA1_80 inline:\(key30)", "1 AES_CM_128_HMAC_SHA1_32 inline:\(key30)|2^48",
            "1 AES_CM_128_HMAC_SHA1_80 inline:\(key30)|1048576", "1 AES_CM_128_HMAC_SHA1_80 inline:\(key30) WSH=128",
            "999999999  aes_cm_128_hmac_sha1_80  INLINE:\(key30)", "1 AEAD_AES_128_GCM inline:\(key28)",
            "1 AEAD_AES_128_GCM inline:\(key28.dropLast(2))",
        ])
    func usable(line: String) { #expect(SDESCrypto(parsing: line) != nil) }

    @Test(
        "lines that ask for more than there is here are no candidates",
        arguments: [
            "", "1", "1 AES_CM_128_HMAC_SHA1_80", "0 AES_CM_128_HMAC_SHA1_80 inline:\(key30)",
            "x AES_CM_128_HMAC_SHA1_80 inline:\(key30)", "1000000000 AES_CM_128_HMAC_SHA1_80 inline:\(key30)",
            "1 AES_CM_256_HMAC_SHA1_80 inline:\(key30)", "1 F8_128_HMAC_SHA1_80 inline:\(key30)",
            "1 AES_CM_128_HMAC_SHA1_80 inline:\(key30)|2^20|1:4", "1 AES_CM_128_HMAC_SHA1_80 inline:\(key30)|1:4",
            "1 AES_CM_128_HMAC_SHA1_80 inline:\(key30);inline:\(key30)",
            "1 AES_CM_128_HMAC_SHA1_80 inline:\(key30) UNENCRYPTED_SRTP",
            "1 AES_CM_128_HMAC_SHA1_80 inline:\(key30) UNAUTHENTICATED_SRTP",
            "1 AES_CM_128_HMAC_SHA1_80 inline:\(key30) KDR=1",
            "1 AES_CM_128_HMAC_SHA1_80 inline:\(key28)", "1 AEAD_AES_128_GCM inline:\(key30)",
            "1 AES_CM_128_HMAC_SHA1_80 inline:!!!!", "1 AES_CM_128_HMAC_SHA1_80 uri:\(key30)",
        ])
    func unusable(line: String) { #expect(SDESCrypto(parsing: line) == nil) }

    @Test("new keys have the length of their suite and differ", arguments: SRTPSuite.allCases)
    func generation(suite: SRTPSuite) {
        var generator = SystemRandomNumberGenerator()
        let keys = (0..<100).map { _ in SRTPMasterKey(for: suite, using: &generator) }
        #expect(Set(keys).count == 100)
        #expect(keys.allSatisfy { $0.bytes.count == suite.keyByteCount })
    }

    @Test("a key is in no log", arguments: SRTPSuite.allCases)
    func secrecy(suite: SRTPSuite) {
        var generator = SplitMix(seed: 3)
        let crypto = SDESCrypto(tag: 1, suite: suite, key: SRTPMasterKey(for: suite, using: &generator))
        let first = "\(crypto.key.bytes[0]), "
        #expect(!"\(crypto)".contains(first) && !String(reflecting: crypto).contains(first))
    }
}
