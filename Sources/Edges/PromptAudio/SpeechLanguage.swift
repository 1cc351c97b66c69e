/// Which espeak-ng voice speaks a BCP-47 language.
///
/// - Reference: contract/ncco.md §3.4; espeak-ng language codes.
enum SpeechLanguage {
    /// Codes whose BCP-47 and espeak-ng spellings differ.
    private static let aliases = [
        "arb": "ar", "iw": "he", "no": "nb", "no-no": "nb", "zh": "cmn", "zh-cn": "cmn", "cmn-cn": "cmn",
        "cmn-tw": "cmn", "zh-tw": "cmn", "zh-hk": "yue", "yue-cn": "yue", "en-au": "en-gb", "en-in": "en-gb",
        "en-wls": "en-gb", "es-us": "es-419", "es-mx": "es-419", "tl": "fil", "fr-ca": "fr-fr",
    ]

    /// espeak-ng codes to try for `tag`, best first: `de-AT` gives `de-at`, `de`.
    static func candidates(for tag: String) -> [String] {
        var code = tag.lowercased().replacing("_", with: "-")
        guard !code.isEmpty, code.utf8.count <= 32,
            code.utf8.allSatisfy({ ($0 >= 97 && $0 <= 122) || ($0 >= 48 && $0 <= 57) || $0 == 45 })
        else { return [] }
        var codes: [String] = []
        while true {
            codes.append(code)
            if let alias = aliases[code] { codes.append(alias) }
            guard let dash = code.lastIndex(of: "-") else { return codes }
            code = String(code[..<dash])
        }
    }

    /// Voice variant of `style` (0 is the voice as it is): later styles repeat the list.
    static func variant(for style: Int) -> String {
        let variants = ["f2", "m3", "f4", "m7", "f5", "m1"]
        return style <= 0 ? "" : "+" + variants[(style - 1) % variants.count]
    }
}
