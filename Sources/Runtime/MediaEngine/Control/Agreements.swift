import AudioGraph
import CallModel
import EdgeProtocols
import RTPTransport
import SDP
import VoiceCodecs

/// What policies and agreements mean for negotiation and for the worker: pure translations.
enum Agreements {
    static func capabilities(_ policy: MediaPolicy) -> MediaCapabilities {
        var suites: [SRTPSuite] = [.aesCM128SHA1Tag80, .aesCM128SHA1Tag32]
        if policy.offerGCM { suites.insert(.aeadAES128GCM, at: 0) }
        let protection: MediaCapabilities.Protection =
            switch policy.srtp {
            case .off: .off
            case .offered: .offered
            case .required: .required
            }
        return MediaCapabilities(
            codecs: policy.codecs.compactMap { VoiceCodec(rawValue: $0.lowercased()) },
            comfortNoise: true, offersComfortNoise: policy.describesNoise, redundancy: policy.redundancy != .off,
            ptimeMilliseconds: [5, 10, 20, 30, 40, 60].contains(policy.ptimeMilliseconds)
                ? policy.ptimeMilliseconds : 20,
            opus: parameters(policy.opus), protection: protection, suites: suites,
            mayExchangeKeys: policy.mayExchangeKeys)
    }

    /// What we ask of a peer: as we send ourselves.
    private static func parameters(_ policy: OpusPolicy) -> OpusParameters {
        var parameters = OpusParameters()
        parameters.usesInbandFEC = policy.usesInbandFEC
        parameters.usesDTX = policy.usesDTX
        parameters.isConstantRate = policy.isConstantRate
        return parameters
    }

    static func refusal(_ refusal: OfferRefusal) -> MediaRefusal {
        switch refusal.code {
        case .malformed: MediaRefusal(.malformedSDP, refusal.detail)
        case .noCommonCodec: MediaRefusal(.noCommonCodec, refusal.detail)
        case .srtpPolicy: MediaRefusal(.srtpPolicy, refusal.detail)
        }
    }

    static func codec(_ codec: VoiceCodec) -> CodecKind {
        switch codec {
        case .pcmu: .pcmu
        case .pcma: .pcma
        case .opus: .opus
        case .g722: .g722
        case .l16Narrow: .l16Narrow
        case .l16Wide: .l16Wide
        case .l16Full: .l16Full
        }
    }

    static func lock(_ lock: MediaLock) -> SourceLock.Policy {
        switch lock {
        case .sdp: .sdp
        case .signallingAddress: .signallingAddress
        case .any: .any
        }
    }

    /// Settings without protection handles, which `LegRecord.settle` adds.
    static func settings(
        _ agreement: MediaAgreement, policy: MediaPolicy, signalling: NetworkAddress?, keepsLock: Bool
    ) -> LegSettings {
        let event = agreement.telephoneEvent
        return LegSettings(
            codec: codec(agreement.codec), sendPayloadType: agreement.sendPayloadType,
            receivePayloadType: agreement.receivePayloadType, eventSendPayloadType: event?.sendPayloadType ?? 255,
            eventReceivePayloadType: event?.receivePayloadType ?? 255,
            eventClockRate: UInt32(event?.clockRate ?? 8000),
            hearsKeys: policy.hearsKeys && event == nil,
            noiseSendPayloadType: agreement.comfortNoise?.sendPayloadType ?? 255,
            noiseReceivePayloadType: agreement.comfortNoise?.receivePayloadType ?? 255,
            describesNoise: policy.describesNoise && agreement.comfortNoise != nil,
            redundancySendPayloadType: agreement.redundancy?.sendPayloadType ?? 255,
            redundancyReceivePayloadType: agreement.redundancy?.receivePayloadType ?? 255,
            sendsCopiesAlways: policy.redundancy == .always,
            ptime: agreement.ptimeMilliseconds,
            sends: agreement.direction.sends && agreement.remote != nil, receives: agreement.direction.receives,
            lock: SourceLock(
                policy: lock(policy.lock),
                described: agreement.remote.flatMap { SocketAddress(host: $0.host, port: $0.port) },
                signalling: signalling.flatMap { SocketAddress(host: $0.host, port: $0.port) }),
            remoteRTCP: agreement.remoteRTCP.flatMap { SocketAddress(host: $0.host, port: $0.port) },
            multiplexesRTCP: agreement.multiplexesRTCP, keepsLock: keepsLock)
    }
}

extension LegRecord {
    /// Takes over an agreement: the change for the worker, with protection that is new only where a key is.
    func settle(_ new: MediaAgreement, signalling peer: NetworkAddress?) throws(MediaRefusal) -> LegChange {
        let old = agreement
        var change = LegChange()
        var settings = Agreements.settings(
            new, policy: policy, signalling: peer ?? signalling,
            keepsLock: old != nil && old?.remote == new.remote && (peer == nil || peer == signalling))
        do {
            if old?.srtp?.localKey != new.srtp?.localKey || old?.srtp?.suite != new.srtp?.suite {
                let made = try new.srtp.map {
                    try PacketProtection.Outbound(suite: $0.suite, key: $0.localKey)
                }
                change.retired.outbound = outbound
                outbound = made
            }
            if old?.srtp?.remoteKey != new.srtp?.remoteKey || old?.srtp?.suite != new.srtp?.suite {
                let made = try new.srtp.map { try PacketProtection.Inbound(suite: $0.suite, key: $0.remoteKey) }
                change.retired.inbound = inbound
                inbound = made
            }
        } catch {
            throw MediaRefusal(.srtpPolicy, "\(error)")
        }
        if settings.codec.isOpus { settings.codec = opus }
        settings.inbound = inbound
        settings.outbound = outbound
        change.settings = settings
        agreement = new
        if let peer { signalling = peer }
        if old != nil, old?.codec != new.codec {
            change.retired.equipment = equipment
            equipment = LegEquipment()
            change.equipment = equipment
        }
        return change
    }

    /// Makes what the leg lacks to speak and hear.
    /// - Parameters:
    ///   - places: buses whose voices it hears through lists of its own; empty: it has none.
    ///   - rate: of Opus from now on; nil: as it is.
    /// - Returns: nil: it lacks nothing.
    func equip(hearing places: Set<Int> = [], opusRate rate: Int? = nil) -> LegChange? {
        guard agreement != nil || device != nil || port != nil else { return nil }
        var change = LegChange()
        var hasMade = false
        if let rate, CodecKind.opus(for: rate) != opus {
            opus = CodecKind.opus(for: rate)
            change.codec = opus
            change.retired.equipment = equipment
            equipment = LegEquipment()
            hasMade = true
        }
        if let agreement, agreement.codec == .opus, equipment.decoder == nil {
            let rate = Int32(opus.sampleRate)
            equipment.decoder = OpusDecoderHandle(sampleRate: rate)
            equipment.encoder = OpusEncoderHandle(sampleRate: rate, settings: opusSettings(agreement.opus))
            equipment.encoder?.setExpectedLoss(percent: agreement.opus.usesInbandFEC ? 3 : 0)
            hasMade = true
        }
        for place in places where place != BusRate.place(of: self.rate) && equipment.fromBus[place] == nil {
            equipment.fromBus[place] = RateConverter(inputRate: BusRate.rate(at: place), outputRate: self.rate)
            hasMade = true
        }
        guard hasMade else { return nil }
        change.equipment = equipment
        return change
    }

    /// Our policy within what the peer asks for.
    private func opusSettings(_ peer: OpusParameters) -> OpusSettings {
        var settings = OpusSettings()
        let wish = policy.opus
        settings.application =
            switch wish.application {
            case .voice: .voice
            case .audio: .audio
            case .lowDelay: .lowDelay
            }
        settings.bitrate = min(wish.bitrate, peer.maximumAverageBitrate ?? wish.bitrate)
        settings.complexity = OpusSettings.complexity(wish.complexity, atRate: opus.sampleRate)
        settings.usesInbandFEC = wish.usesInbandFEC && peer.usesInbandFEC
        settings.usesDTX = wish.usesDTX || peer.usesDTX
        settings.isConstantRate = wish.isConstantRate || peer.isConstantRate
        return settings
    }
}
