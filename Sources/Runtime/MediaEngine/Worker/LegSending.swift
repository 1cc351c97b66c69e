import CLinux
import MediaTime
import RTP
import RTPTransport
import VoiceCodecs

/// What a leg sends: packets of its mix, relayed packets, reports.
extension LegBlock {
    /// Sends as many packets as are gathered, digits in place of sound when some wait.
    @_noLocks mutating func sendGathered(_ scratch: borrowing Scratch, at now: UInt64) {
        guard let settings else { return }
        let frame = settings.ptime &* settings.codec.sampleRate / 1000
        while output.count >= frame {
            let timestamp = output.timestamp
            output.timestamp = timestamp &+ UInt32(truncatingIfNeeded: settings.codec.ticks(ofSamples: frame))
            let payload = unsafe scratch.packet.advanced(by: RTPHeader.byteCount)
            if settings.eventSendPayloadType != 255,
                let digit = output.digits.step(
                    timestamp: timestamp, milliseconds: UInt32(truncatingIfNeeded: settings.ptime))
            {
                output.discard(frame)
                let count = unsafe digit.event.write(
                    into: UnsafeMutableRawBufferPointer(start: payload, count: TelephoneEvent.byteCount))
                unsafe send(
                    payload, count, type: settings.eventSendPayloadType, timestamp: digit.timestamp,
                    marker: digit.marker, scratch, at: now)
                output.isFresh = true
                continue
            }
            let count = unsafe output.encode(
                frame: frame, into: payload, capacity: Scratch.payloadCapacity, equipment: equipment)
            if count > 0 {
                unsafe sendVoice(payload, count, settings, timestamp: timestamp, scratch, at: now)
                output.isFresh = false
            } else {
                output.isFresh = true
            }
        }
    }

    /// Sends a payload of the codec, with older ones again where the peer wants them and misses packets.
    @_noLocks private mutating func sendVoice(
        _ payload: UnsafeMutablePointer<UInt8>, _ count: Int, _ settings: borrowing LegSettings, timestamp: UInt32,
        _ scratch: borrowing Scratch, at now: UInt64
    ) {
        let type = settings.redundancySendPayloadType
        let (always, isOpus) = (settings.sendsCopiesAlways, settings.codec.isOpus)
        if type != 255 && (always || reporting.lossPercent >= 2) {
            let carriesLast = unsafe OpusDecoderHandle.carriesRecovery(payload, count: count)
            let size = unsafe redundancy.pack(
                payload, count: count, capacity: Scratch.payloadCapacity, type: settings.sendPayloadType,
                timestamp: timestamp,
                isChained: isOpus && carriesLast)
            if size > 0 {
                unsafe send(
                    payload, size, type: type, timestamp: timestamp, marker: output.isFresh, scratch, at: now)
                return
            }
        } else {
            redundancy.forget()
        }
        unsafe send(
            payload, count, type: settings.sendPayloadType, timestamp: timestamp, marker: output.isFresh, scratch,
            at: now)
    }

    /// Sends what is gathered although it is no whole packet; not with Opus, whose packets cannot have any length.
    @_noLocks mutating func sendRemainder(_ scratch: borrowing Scratch, at now: UInt64) {
        let rest = output.count
        guard rest > 0, let settings else { return }
        if !settings.codec.hasAnyLength { return output.forget() }
        let payload = unsafe scratch.packet.advanced(by: RTPHeader.byteCount)
        let count = unsafe output.encode(
            frame: rest, into: payload, capacity: Scratch.payloadCapacity, equipment: equipment)
        unsafe send(
            payload, count, type: settings.sendPayloadType, timestamp: output.timestamp, marker: output.isFresh,
            scratch, at: now)
        output.timestamp &+= UInt32(truncatingIfNeeded: settings.codec.ticks(ofSamples: rest))
    }

    /// Sends one payload that lies 12 bytes behind the start of a buffer with room for the protection's trailer.
    @_noLocks private mutating func send(
        _ payload: UnsafeMutablePointer<UInt8>, _ count: Int, type: UInt8, timestamp: UInt32, marker: Bool,
        _ scratch: borrowing Scratch, at now: UInt64
    ) {
        let sequence = output.sequence
        output.sequence = sequence &+ 1
        let header = RTPHeader(
            marker: marker, payloadType: type, sequence: sequence, timestamp: timestamp, ssrc: output.ssrc)
        unsafe transmit(payload, count, header, scratch, at: now)
    }

    @_noLocks private mutating func transmit(
        _ payload: UnsafeMutablePointer<UInt8>, _ count: Int, _ header: RTPHeader, _ scratch: borrowing Scratch,
        at now: UInt64
    ) {
        guard let sockets, let settings, let target = settings.lock.target else { return }
        let packet = unsafe payload.advanced(by: -RTPHeader.byteCount)
        _ = unsafe header.write(into: UnsafeMutableRawBufferPointer(start: packet, count: RTPHeader.byteCount))
        var size = RTPHeader.byteCount &+ count
        if let outbound = settings.outbound {
            size = unsafe outbound.protectRTP(
                packet, count: size, capacity: size &+ PacketProtection.trailerByteCount)
            if size <= 0 {
                scratch.sink.countUnsent()
                return
            }
        }
        if unsafe !sockets.rtp.send(packet, count: size, to: target) { scratch.sink.countUnsent() }
        reporting.packetsSent &+= 1
        reporting.bytesSent &+= UInt64(count)
        reporting.lastSent = now
        reporting.lastTimestamp = header.timestamp
    }

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

    /// Sends on a description of noise, to a peer that understands it and in a stream that has begun.
    @_noLocks private mutating func relayNoise(
        _ bytes: UnsafeMutablePointer<UInt8>, _ header: RTPHeader, sequence: UInt64, arrival: UInt64,
        map: inout RelayMap, _ scratch: borrowing Scratch
    ) {
        guard let settings, settings.noiseSendPayloadType != 255, map.isSet else { return map.skip(sequence: sequence) }
        if !map.passes(sequence) { return }
        let outSequence = map.sequence(sequence)
        let sent = RTPHeader(
            marker: header.marker, payloadType: settings.noiseSendPayloadType, sequence: outSequence,
            timestamp: map.timestamp(header.timestamp), ssrc: output.ssrc)
        unsafe transmit(bytes.advanced(by: header.payloadOffset), header.payloadCount, sent, scratch, at: arrival)
        if Int16(bitPattern: outSequence &- output.sequence) >= 0 { output.sequence = outSequence &+ 1 }
    }

    /// As `relayed`, for a payload with 12 bytes of room before and a trailer's room behind it.
    /// - Parameter isHandedOver: it follows what was mixed without a hole, though it comes before its time.
    @_noLocks mutating func relay(
        payload: UnsafeMutablePointer<UInt8>, _ count: Int, marker: Bool, sequence: UInt64, timestamp: UInt32,
        arrival: UInt64, map: inout RelayMap, isHandedOver: Bool, _ scratch: borrowing Scratch
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
        let outSequence = map.sequence(sequence)
        let outTimestamp = map.timestamp(timestamp)
        let header = RTPHeader(
            marker: marker, payloadType: settings.sendPayloadType, sequence: outSequence, timestamp: outTimestamp,
            ssrc: output.ssrc)
        unsafe transmit(payload, count, header, scratch, at: arrival)
        if Int16(bitPattern: outSequence &- output.sequence) >= 0 {
            // The stream's own time, which follows the sender's clock only when that has run 60 ms away.
            let ticks = outTimestamp &+ frame &- output.timestamp
            due &+= UInt64(ticks) &* 1_000_000 / UInt64(perMillisecond)
            if due &+ 60_000_000 < arrival || due > arrival &+ 60_000_000 { due = arrival &+ span }
            output.sequence = outSequence &+ 1
            output.timestamp = outTimestamp &+ frame
        }
    }

    /// After a time in which nothing was sent the timestamp moves on with the clock.
    /// - Parameter threshold: what counts as such a time, nanoseconds; less is a late tick.
    @_noLocks mutating func catchUp(to now: UInt64, from threshold: UInt64) {
        guard let settings else { return }
        if due != 0 && now > due &+ threshold {
            let milliseconds = (now &- due) / 1_000_000
            output.timestamp &+= UInt32(truncatingIfNeeded: milliseconds) &* settings.codec.ticksPerMillisecond
            due &+= milliseconds &* 1_000_000
            output.isFresh = true
        }
    }

    /// Sends a sender or receiver report when it is time; the first after a second, then every 5 s.
    @_noLocks mutating func reportIfDue(_ scratch: borrowing Scratch, at now: UInt64) {
        if reporting.nextReport == 0 { reporting.nextReport = now &+ 1_000_000_000 }
        guard now >= reporting.nextReport, let sockets, let settings else { return }
        reporting.nextReport = now &+ 5_000_000_000
        let target: SocketAddress
        if settings.multiplexesRTCP {
            guard let shared = settings.lock.target else { return }
            target = shared
        } else if let learnt = reporting.learnt {
            target = learnt
        } else {
            guard let described = settings.remoteRTCP else { return }
            target = described
        }
        var sender: RTCPSenderInfo?
        if reporting.packetsSent != reporting.packetsAtReport {
            let elapsed = UInt32(truncatingIfNeeded: (now &- reporting.lastSent) / 1_000_000)
            sender = RTCPSenderInfo(
                ntp: Self.wallClock(),
                rtpTimestamp: reporting.lastTimestamp &+ elapsed &* settings.codec.ticksPerMillisecond,
                packetCount: UInt32(truncatingIfNeeded: reporting.packetsSent),
                octetCount: UInt32(truncatingIfNeeded: reporting.bytesSent))
        }
        reporting.packetsAtReport = reporting.packetsSent
        let block = statistics.makeReport(at: MonotonicInstant(nanoseconds: now))
        var count = unsafe RTCPWriter.write(
            into: UnsafeMutableRawBufferPointer(start: scratch.packet, count: RTCPWriter.maximumByteCount),
            ssrc: output.ssrc, sender: sender, block: block, cname: scratch.cname, isBye: false)
        if let outbound = settings.outbound {
            count = unsafe outbound.protectRTCP(
                scratch.packet, count: count, capacity: count &+ PacketProtection.trailerByteCount)
        }
        if count <= 0 { return }
        let socket = settings.multiplexesRTCP ? sockets.rtp : sockets.rtcp ?? sockets.rtp
        _ = unsafe socket.send(scratch.packet, count: count, to: target)
    }
}
