import CryptoExtras
import Synchronization

/// Public keys read from PEM, kept because reading one costs as much as several verifications.
///
/// - Threading: any.
final class PublicKeys: Sendable {
    /// More than this many and all are dropped; they are read again when needed.
    private static let maximumCount = 256

    private let keys = Mutex<[String: _RSA.Signing.PublicKey]>([:])

    /// - Fails with: whatever the library says about a text that is no RSA public key of 2 048 bits or more.
    func key(pem: String) throws -> _RSA.Signing.PublicKey {
        if let known = keys.withLock({ $0[pem] }) { return known }
        let key = try _RSA.Signing.PublicKey(pemRepresentation: pem)
        keys.withLock {
            if $0.count >= Self.maximumCount { $0.removeAll() }
            $0[pem] = key
        }
        return key
    }
}
