import Testing
import Tokens

struct KeyPairTests {
    @Test("a new key pair is PKCS#8 and subject public key info, of 2 048 bits and never the same")
    func generation() throws {
        let pair = try RSAKeyPair.generate()
        #expect(pair.privatePEM.hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
        #expect(pair.publicPEM.hasPrefix("-----BEGIN PUBLIC KEY-----\n"))
        // 294 bytes of DER in 2 048 bits.
        #expect(pair.publicPEM.split(separator: "\n").dropFirst().dropLast().joined().count == 392)
        #expect(try RSAKeyPair.generate().publicPEM != pair.publicPEM)
    }
}
