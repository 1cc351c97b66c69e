public import CallModel
public import EdgeProtocols
import RTPTransport
import SDP

internal import Synchronization

/// Offers and answers of legs.
extension MediaEngine {
    public func accept(
        _ leg: LegID, offer: String, policy: MediaPolicy, signallingAddress: NetworkAddress
    ) throws(MediaRefusal) -> String {
        if let known = state.withLock({ $0.legs[leg]?.answerText }) { return known }
        let parsed = try Self.parse(offer)
        let record = try makeLeg(leg, policy: policy, needsRTCP: !parsed.offersSharedRTCP)
        do throws(MediaRefusal) {
            let answer = try settle(record, answering: parsed, from: signallingAddress)
            return answer
        } catch {
            close(leg)
            throw error
        }
    }

    public func offer(_ leg: LegID, policy: MediaPolicy) throws(MediaRefusal) -> String {
        if let known = state.withLock({ $0.legs[leg]?.offered?.text }) { return known }
        let record = try makeLeg(leg, policy: policy, needsRTCP: true)
        do throws(MediaRefusal) {
            return try makeOffer(record)
        } catch {
            close(leg)
            throw error
        }
    }

    public func applyAnswer(
        _ leg: LegID, answer: String, signallingAddress: NetworkAddress?
    ) throws(MediaRefusal) {
        let record = try known(leg)
        let parsed = try Self.parse(answer)
        guard let offered = state.withLock({ _ in record.offered }) else {
            throw MediaRefusal(.malformedSDP, "an answer without an offer of ours")
        }
        let agreement: MediaAgreement
        do throws(OfferRefusal) {
            agreement = try OfferAnswer.apply(answer: parsed, to: offered)
        } catch {
            throw Agreements.refusal(error)
        }
        try apply(agreement, to: record, from: signallingAddress)
    }

    public func renegotiate(_ leg: LegID, offer: String?) throws(MediaRefusal) -> String {
        let record = try known(leg)
        guard let offer else { return try makeOffer(record) }
        return try settle(record, answering: try Self.parse(offer), from: nil)
    }

    // MARK: - Steps

    private static func parse(_ text: String) throws(MediaRefusal) -> SessionDescription {
        do throws(SDPFault) {
            return try SessionDescription(parsing: text)
        } catch {
            throw MediaRefusal(.malformedSDP, error.description)
        }
    }

    private func known(_ leg: LegID) throws(MediaRefusal) -> LegRecord {
        guard let record = state.withLock({ $0.legs[leg] }), record.sockets != nil else {
            throw MediaRefusal(.unknownLeg, "no media of leg \(leg)")
        }
        return record
    }

    /// Answers an offer: the first of a leg, or a later one.
    private func settle(
        _ record: LegRecord, answering offer: SessionDescription, from peer: NetworkAddress?
    ) throws(MediaRefusal) -> String {
        let (local, previous) = state.withLock { _ in (self.local(record), record.description) }
        var random = SystemRandomNumberGenerator()
        let answer: SessionDescription
        let agreement: MediaAgreement
        do throws(OfferRefusal) {
            (answer, agreement) = try OfferAnswer.answer(
                to: offer, capabilities: Agreements.capabilities(record.policy), local: local, previous: previous,
                using: &random)
        } catch {
            throw Agreements.refusal(error)
        }
        try apply(agreement, to: record, from: peer)
        let text = answer.text
        state.withLock { _ in
            record.description = answer
            record.version += 1
            record.answerText = text
        }
        return text
    }

    private func makeOffer(_ record: LegRecord) throws(MediaRefusal) -> String {
        let (local, previous) = state.withLock { _ in (self.local(record), record.description) }
        var random = SystemRandomNumberGenerator()
        let offer: SessionDescription
        do throws(OfferRefusal) {
            offer = try OfferAnswer.makeOffer(
                capabilities: Agreements.capabilities(record.policy), local: local, previous: previous,
                using: &random)
        } catch {
            throw Agreements.refusal(error)
        }
        state.withLock { _ in
            record.description = offer
            record.offered = offer
            record.version += 1
        }
        return offer.text
    }

    private func local(_ record: LegRecord) -> LocalMedia {
        LocalMedia(
            address: configuration.advertisedAddress ?? configuration.bindAddress, port: record.sockets?.port ?? 0,
            sessionID: record.sessionID, version: record.version)
    }

    private func apply(
        _ agreement: MediaAgreement, to record: LegRecord, from peer: NetworkAddress?
    ) throws(MediaRefusal) {
        let refusal = state.withLock { state -> MediaRefusal? in
            do throws(MediaRefusal) {
                var change = try record.settle(agreement, signalling: peer)
                // In a mix it must be able to speak at once.
                if let mix = record.mix {
                    state.equip(mix)
                    change.equipment = record.equipment
                    // Its rate may have been set while the worker still had another codec.
                    if record.usesOpus { change.settings?.codec = record.opus }
                }
                state.send(change, to: record)
            } catch {
                return error
            }
            if record.place == .unborn { state.adopt(record) }
            return nil
        }
        if let refusal { throw refusal }
    }
}

extension SessionDescription {
    /// Some section of it can carry RTCP on the RTP port (RFC 5761).
    fileprivate var offersSharedRTCP: Bool {
        media.contains { section in section.attributes.contains { $0.name == "rtcp-mux" } }
    }
}
