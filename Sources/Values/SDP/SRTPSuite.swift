/// A protection profile for SRTP, as SDES names it.
///
/// - Reference: RFC 4568 §6.2, RFC 7714 §14.2.
public enum SRTPSuite: String, Hashable, Sendable, CaseIterable {
    case aeadAES128GCM = "AEAD_AES_128_GCM"
    case aesCM128SHA1Tag80 = "AES_CM_128_HMAC_SHA1_80"
    case aesCM128SHA1Tag32 = "AES_CM_128_HMAC_SHA1_32"

    /// Master key and master salt together, in bytes.
    public var keyByteCount: Int {
        switch self {
        case .aeadAES128GCM: 16 + 12
        case .aesCM128SHA1Tag80, .aesCM128SHA1Tag32: 16 + 14
        }
    }
}

/// Master key followed by master salt. Prints as dots, so that no log shows it.
public struct SRTPMasterKey: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// `SRTPSuite.keyByteCount` bytes.
    public let bytes: [UInt8]

    /// Nil when the length is not that of the suite.
    public init?(_ bytes: [UInt8], for suite: SRTPSuite) {
        guard bytes.count == suite.keyByteCount else { return nil }
        self.bytes = bytes
    }

    /// A new key. Hand in `SystemRandomNumberGenerator` (getrandom) outside tests.
    public init(for suite: SRTPSuite, using generator: inout some RandomNumberGenerator) {
        bytes = (0..<suite.keyByteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    public var description: String { "…" }
    public var debugDescription: String { "…" }
}
