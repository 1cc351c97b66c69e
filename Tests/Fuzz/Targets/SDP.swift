// Modules: SDP
import SDP

private let here = LocalMedia(address: "192.0.2.1", port: 10_000, sessionID: 1, version: 1)
private let ours = MediaCapabilities(protection: .offered, mayExchangeKeys: true)

/// Any text is a description or refused; what we answer to it can be read, and it may be an answer to our offer itself.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    guard let description = try? SessionDescription(parsing: text) else { return 0 }
    var keys = FixedKeys()
    if let offer = try? OfferAnswer.makeOffer(capabilities: ours, local: here, using: &keys) {
        _ = try? OfferAnswer.apply(answer: description, to: offer)
    }
    _ = try? OfferAnswer.makeOffer(capabilities: ours, local: here, previous: description, using: &keys)
    if let settled = try? OfferAnswer.answer(to: description, capabilities: ours, local: here, using: &keys) {
        guard let again = try? SessionDescription(parsing: settled.answer.text) else {
            fatalError("our answer cannot be read: \(settled.answer.text)")
        }
        require(again.media.count == description.media.count, "a section was lost")
        require([10, 20, 40, 60].contains(settled.agreement.ptimeMilliseconds), "\(settled.agreement)")
    }
    return 0
}

/// The same keys in every run, so that a finding can be repeated.
private struct FixedKeys: RandomNumberGenerator {
    private var state: UInt64 = 1
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state
    }
}
