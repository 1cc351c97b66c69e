import SDP
import Testing

@Suite("Hostile descriptions")
struct MutationTests {
    @Test(
        "20 000 mutations are read or refused, and what is answered can be read", arguments: [1, 2, 3, 4] as [UInt64])
    func mutations(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var keys = SplitMix(seed: seed)
        let ours = MediaCapabilities(protection: .offered, mayExchangeKeys: true)
        let offer = try OfferAnswer.makeOffer(capabilities: ours, local: here, using: &keys)
        let seeds = Offers.all.map { Array($0.utf8) }
        var understood = 0
        for round in 0..<5000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0...Int.random(in: 0..<6, using: &random) { mutate(&bytes, seeds, using: &random) }
            guard let description = try? SessionDescription(parsing: String(decoding: bytes, as: UTF8.self)) else {
                continue
            }
            understood += 1
            _ = try? OfferAnswer.apply(answer: description, to: offer)
            guard
                let (answer, agreement) = try? OfferAnswer.answer(
                    to: description, capabilities: ours, local: here, using: &keys)
            else { continue }
            let again = try SessionDescription(parsing: answer.text)
            #expect(again.media.count == description.media.count)
            #expect([5, 10, 20, 30, 40, 60].contains(agreement.ptimeMilliseconds))
        }
        #expect(understood > 500)
    }

    private func mutate(_ bytes: inout [UInt8], _ seeds: [[UInt8]], using random: inout SplitMix) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<7, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(UInt8.random(in: 32...126, using: &random), at: place)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...40, using: &random)))
        case 4:
            let digits = Array(String(UInt64.random(in: 0 ... .max, using: &random)).utf8)
            bytes.insert(contentsOf: digits, at: place)
        case 5:
            let end = min(bytes.count, place + Int.random(in: 1...60, using: &random))
            bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0..<bytes.count, using: &random))
        default:
            let other = seeds[Int.random(in: 0..<seeds.count, using: &random)]
            let start = Int.random(in: 0..<other.count, using: &random)
            bytes.replaceSubrange(place..., with: other[start...])
        }
    }
}
