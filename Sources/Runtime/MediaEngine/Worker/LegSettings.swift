import AudioGraph
import RTPTransport
package import VoiceCodecs

/// What an agreement (SDP) means for the worker: plain values, copied into the leg's block.
///
/// - Units: `ptime` in milliseconds; payload type 255 is none.
struct LegSettings {
    var codec: CodecKind
    var sendPayloadType: UInt8
    var receivePayloadType: UInt8
    var eventSendPayloadType: UInt8 = 255
    var eventReceivePayloadType: UInt8 = 255
    var eventClockRate: UInt32 = 8000
    /// Keys are listened for in the sound.
    var hearsKeys = false
    /// Comfort noise of the peer.
    var noiseSendPayloadType: UInt8 = 255
    var noiseReceivePayloadType: UInt8 = 255
    /// Silence of the mix is described to the peer, not sent.
    var describesNoise = false
    /// RFC 2198.
    var redundancySendPayloadType: UInt8 = 255
    var redundancyReceivePayloadType: UInt8 = 255
    /// Copies go out although the peer reports no loss.
    var sendsCopiesAlways = false
    var ptime: Int
    var sends: Bool
    var receives: Bool
    var lock: SourceLock
    var remoteRTCP: SocketAddress?
    var multiplexesRTCP: Bool
    var inbound: PacketProtection.Inbound?
    var outbound: PacketProtection.Outbound?
    /// Keeps what the old lock heard: the peer's address is the same as before.
    var keepsLock: Bool

    /// Samples of a packet that is sent.
    var frameSamples: Int {
        @_noLocks get { max(1, ptime &* codec.sampleRate / 1000) }
    }
}

/// Codec and converter handles of a leg; control makes them before the worker needs them.
package struct LegEquipment {
    package var decoder: OpusDecoderHandle?
    package var encoder: OpusEncoderHandle?
    /// From each bus of a mix to this leg's rate, where lists make what it hears its own (`BusRate` names the places).
    var fromBus = InlineArray<3, RateConverter?>(repeating: nil)

    package init() {}
}

/// Keys of legs, in memory of control's.
@safe struct KeyList {
    private let keys: UnsafeMutablePointer<UInt64>
    let count: Int

    /// Control only.
    static func allocate(_ keys: [UInt64]) -> KeyList {
        let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: max(1, keys.count))
        for (index, key) in keys.enumerated() { unsafe memory[index] = key }
        return unsafe KeyList(keys: memory, count: keys.count)
    }

    private init(keys: UnsafeMutablePointer<UInt64>, count: Int) {
        unsafe self.keys = keys
        self.count = count
    }

    /// Control only.
    func deallocate() { unsafe keys.deallocate() }

    @_noLocks func contains(_ key: UInt64) -> Bool {
        var index = 0
        while index < count {
            if unsafe keys[index] == key { return true }
            index &+= 1
        }
        return false
    }
}

/// Who hears this leg and whom it hears (contract media-and-legs §4).
struct AudioRights {
    var isEnabled = true
    var isMuted = false
    var isEarmuffed = false
    /// Gain of what it hears.
    var volume: Float = 1
    /// Nil: everyone; empty: nobody.
    var canSpeak: KeyList?
    var canHear: KeyList?

    /// The leg is heard by somebody.
    var speaks: Bool {
        @_noLocks get { isEnabled && !isMuted }
    }

    /// The leg hears somebody.
    var listens: Bool {
        @_noLocks get { isEnabled && !isEarmuffed }
    }

    var hasLists: Bool {
        @_noLocks get {
            if case .some = canSpeak { return true }
            if case .some = canHear { return true }
            return false
        }
    }

    /// hear(L, S) of the contract, but for `speaks` and `listens`.
    @_noLocks static func permit(
        speaker: borrowing AudioRights, speakerKey: UInt64, listener: borrowing AudioRights, listenerKey: UInt64
    ) -> Bool {
        if let allowed = speaker.canSpeak, !allowed.contains(listenerKey) { return false }
        if let allowed = listener.canHear, !allowed.contains(speakerKey) { return false }
        return true
    }
}

/// A change of a leg in one box: the worker takes over what is set and returns the box, so that control can free what
/// the change replaced.
struct LegChange {
    var settings: LegSettings?
    /// The codec that there is, at another sample rate; its equipment comes with it.
    var codec: CodecKind?
    var equipment: LegEquipment?
    var rights: AudioRights?
    /// Digits to send (ASCII, zero-terminated by count).
    var digits = InlineArray<64, UInt8>(repeating: 0)
    var digitCount = 0
    /// What control frees when the box is back.
    var retired = Retired()

    struct Retired {
        var inbound: PacketProtection.Inbound?
        var outbound: PacketProtection.Outbound?
        var equipment: LegEquipment?
        var canSpeak: KeyList?
        var canHear: KeyList?

        /// Control only.
        func free() {
            inbound?.destroy()
            outbound?.destroy()
            equipment?.free()
            canSpeak?.deallocate()
            canHear?.deallocate()
        }
    }
}

extension LegEquipment {
    /// Control only.
    package func free() {
        decoder?.destroy()
        encoder?.destroy()
        for index in 0..<3 { fromBus[index]?.destroy() }
    }
}
