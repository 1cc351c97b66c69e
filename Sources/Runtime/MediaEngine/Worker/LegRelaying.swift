import CLinux
import RTP
import VoiceCodecs

/// What a leg sends of the packets that the other leg of its mix has received.
extension LegBlock {
    /// Sends on a packet of the other leg, renumbered so that this leg's stream goes on without a jump.
    @_noLocks mutating func relayed(
        _ bytes: UnsafeMutablePointer<UInt8>, _ header: RTPHeader, sequence: UInt64, arrival: UInt64, isNoise: Bool,
        map: inout RelayMap, _ scratch: borrowing Scratch
    ) {
        if isNoise {
            unsafe relayNoise(bytes, header, sequence: sequence, arrival: arrival, map: &map, scratch)
            return
        }
        unsafe relay(
            payload: bytes.advanced(by: header.payloadOffset), header.payloadCount, marker: header.marker,
            sequence: sequence, timestamp: header.timestamp, arrival: arrival, map: &map, isHandedOver: false,
            scratch)
    }

    /// Sends on a packet of RFC 2198: whole to a peer that agreed to such packets too, so that what was lost on the way
    /// here comes back there; else its newest payload, after those that are missing so far.
    /// - Parameters:
    ///   - payload: of the packet, whose bytes are written over.
    ///   - type: payload type of the codec where the packet comes from.
    @_noLocks mutating func relayRedundant(
        _ packet: RedundantAudio, _ payload: UnsafeMutablePointer<UInt8>, _ header: RTPHeader, type: UInt8,
        sequence: UInt64, arrival: UInt64, map: inout RelayMap, _ scratch: borrowing Scratch
    ) {
        guard let settings else { return }
        let newest = packet.newest
        if settings.redundancySendPayloadType != 255 && packet.isAll(of: type) {
            unsafe packet.rename(to: settings.sendPayloadType, in: payload)
            redundancy.forget()
            unsafe relay(
                payload: payload, header.payloadCount, marker: header.marker, sequence: sequence,
                timestamp: header.timestamp, arrival: arrival, map: &map, isHandedOver: false,
                packedAs: settings.redundancySendPayloadType, scratch)
            return
        }
        var index = 0
        while index < packet.count &- 1 {
            let block = packet.block(index)
            index &+= 1
            if block.payloadType != type || block.count == 0 || !map.isSet { continue }
            let bytes = unsafe payload.advanced(by: block.start)
            let back = UInt64(
                block.packetsBefore(ticks: unsafe settings.codec.ticks(ofPayload: bytes, count: block.count)))
            if back == 0 || back >= sequence || !map.lacks(sequence &- back) { continue }
            let room = unsafe scratch.packet.advanced(by: RTPHeader.byteCount)
            unsafe swh_copy(room, bytes, block.count)
            unsafe relay(
                payload: room, block.count, marker: false, sequence: sequence &- back,
                timestamp: header.timestamp &- block.offset, arrival: arrival, map: &map, isHandedOver: false, scratch)
        }
        unsafe relay(
            payload: payload.advanced(by: newest.start), newest.count, marker: header.marker, sequence: sequence,
            timestamp: header.timestamp, arrival: arrival, map: &map, isHandedOver: false, scratch)
    }

    /// Sends on a description of noise, to a peer that understands it and in a stream that has begun.
    @_noLocks private mutating func relayNoise(
        _ bytes: UnsafeMutablePointer<UInt8>, _ header: RTPHeader, sequence: UInt64, arrival: UInt64,
        map: inout RelayMap, _ scratch: borrowing Scratch
    ) {
        guard let settings, settings.noiseSendPayloadType != 255, map.isSet else { return map.skip(sequence: sequence) }
        if !map.passes(sequence) { return }
        map.sent(sequence)
        let outSequence = map.sequence(sequence)
        let sent = RTPHeader(
            marker: header.marker, payloadType: settings.noiseSendPayloadType, sequence: outSequence,
            timestamp: map.timestamp(header.timestamp), ssrc: output.ssrc)
        unsafe transmit(bytes.advanced(by: header.payloadOffset), header.payloadCount, sent, scratch, at: arrival)
        if Int16(bitPattern: outSequence &- output.sequence) >= 0 { output.sequence = outSequence &+ 1 }
    }

    /// As `relayed`, for a payload with 12 bytes of room before and a trailer's room behind it. A peer that agreed to
    /// copies and misses packets gets this leg's own.
    /// - Parameters:
    ///   - isHandedOver: it follows what was mixed without a hole, though it comes before its time.
    ///   - packed: the payload is one of RFC 2198, of this type; 255: it is one of the codec.
    @_noLocks mutating func relay(
        payload: UnsafeMutablePointer<UInt8>, _ count: Int, marker: Bool, sequence: UInt64, timestamp: UInt32,
        arrival: UInt64, map: inout RelayMap, isHandedOver: Bool, packedAs packed: UInt8 = 255,
        _ scratch: borrowing Scratch
    ) {
        guard let settings else { return }
        let perMillisecond = settings.codec.ticksPerMillisecond
        let frame = UInt32(truncatingIfNeeded: settings.ptime) &* perMillisecond
        let span = UInt64(settings.ptime) &* 1_000_000
        if !map.isSet {
            // What this time already heard from another conversation is not said twice.
            if !isHandedOver && arrival &+ span < due { return }
            catchUp(to: arrival, from: 0)
            hasMoved = false
            map.start(
                sequence: sequence, timestamp: timestamp, outSequence: output.sequence,
                outTimestamp: output.timestamp)
        }
        if !map.passes(sequence) { return }
        map.sent(sequence)
        let outSequence = map.sequence(sequence)
        let outTimestamp = map.timestamp(timestamp)
        let isNewest = Int16(bitPattern: outSequence &- output.sequence) >= 0
        let room = unsafe scratch.packet.advanced(by: RTPHeader.byteCount)
        var (size, type) = (0, packed == 255 ? settings.sendPayloadType : packed)
        if packed == 255 && isNewest && sendsCopies && count <= Scratch.payloadCapacity {
            if unsafe room != payload { unsafe swh_copy(room, payload, count) }
            size = unsafe pack(room, count, timestamp: outTimestamp)
            if size > 0 { type = settings.redundancySendPayloadType }
        }
        let header = RTPHeader(
            marker: marker, payloadType: type, sequence: outSequence, timestamp: outTimestamp, ssrc: output.ssrc)
        unsafe transmit(size > 0 ? room : payload, size > 0 ? size : count, header, scratch, at: arrival)
        if isNewest {
            // The stream's own time, which follows the sender's clock only when that has run 60 ms away.
            let ticks = outTimestamp &+ frame &- output.timestamp
            due &+= UInt64(ticks) &* 1_000_000 / UInt64(perMillisecond)
            if due &+ 60_000_000 < arrival || due > arrival &+ 60_000_000 { due = arrival &+ span }
            output.sequence = outSequence &+ 1
            output.timestamp = outTimestamp &+ frame
        }
    }
}
