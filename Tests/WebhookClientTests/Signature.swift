import Foundation
import Testing
import WireJSON

/// A JSON Web Token taken apart; the signature itself is the Tokens tests' matter.
struct Token {
    var header: JSONObject
    var claims: JSONObject

    init(authorization: String?) throws {
        let text = try #require(authorization)
        #expect(text.hasPrefix("Bearer "))
        let parts = text.dropFirst(7).split(separator: ".")
        try #require(parts.count == 3)
        header = try #require(try JSON(parsing: Self.decode(parts[0])).object)
        claims = try #require(try JSON(parsing: Self.decode(parts[1])).object)
    }

    private static func decode(_ part: Substring) throws -> [UInt8] {
        var text = part.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        while text.count % 4 != 0 { text += "=" }
        return [UInt8](try #require(Data(base64Encoded: text)))
    }
}
