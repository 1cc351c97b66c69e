import CryptoExtras

/// The key pair of an Application.
public enum RSAKeyPair {
    /// A new pair of 2 048 bits: private as PKCS#8, public as subject public key info, both PEM.
    ///
    /// - Threading: any; takes a good part of a second of processor time.
    /// - Fails with: whatever the library says when it cannot get random bytes.
    public static func generate() throws -> (privatePEM: String, publicPEM: String) {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        return (key.pkcs8PEMRepresentation, key.publicKey.pemRepresentation)
    }

    /// Whether tokens can be verified with this public key: PEM, RSA, 2 048 bits or more.
    public static func isPublicKey(_ pem: String) -> Bool {
        do {
            _ = try _RSA.Signing.PublicKey(pemRepresentation: pem)
            return true
        } catch { return false }
    }
}
