import AudioGraph
import CLinux
import MediaTime
import RTP
import RTPTransport
import VoiceCodecs

/// What a leg sends: packets of its mix, relayed packets, reports.
extension LegBlock {
    /// Sends `count` samples: whole packets from where they are, the rest when enough is gathered.
    @_noLocks mutating func sendSamples(
        _ samples: UnsafePointer<Int16>, _ count: Int, _ scratch: borrowing Scratch, at now: UInt64
    ) {
        guard let settings else { return }
        let frame = settings.frameSamples
        var sent = 0
        if output.count == 0 {
            while sent &+ frame <= count {
                unsafe sendPacket(samples.advanced(by: sent), settings, scratch, at: now)
                sent &+= frame
            }
            if sent == count { return }
        }
        guard let room = unsafe output.room(for: count &- sent) else { return output.forget() }
        unsafe SampleMath.copy(samples.advanced(by: sent), to: room, count: count &- sent)
        output.gathered(count &- sent)
        sendGathered(scratch, at: now)
    }

    /// Sends as many packets as are gathered.
    @_noLocks mutating func sendGathered(_ scratch: borrowing Scratch, at now: UInt64) {
        guard let settings else { return }
        let frame = settings.frameSamples
        while output.count >= frame {
            unsafe sendPacket(output.waiting, settings, scratch, at: now)
            output.discard(frame)
        }
    }

    /// Sends one packet of sound, or a digit in its place when some wait.
    @_noLocks private mutating func sendPacket(
        _ samples: UnsafePointer<Int16>, _ settings: borrowing LegSettings, _ scratch: borrowing Scratch, at now: UInt64
    ) {
        let frame = settings.frameSamples
        let timestamp = output.timestamp
        output.timestamp = timestamp &+ UInt32(truncatingIfNeeded: settings.codec.ticks(ofSamples: frame))
        let payload = unsafe scratch.packet.advanced(by: RTPHeader.byteCount)
        if settings.eventSendPayloadType != 255,
            let digit = output.digits.step(
                timestamp: timestamp, milliseconds: UInt32(truncatingIfNeeded: settings.ptime))
        {
            let count = unsafe digit.event.write(
                into: UnsafeMutableRawBufferPointer(start: payload, count: TelephoneEvent.byteCount))
            unsafe send(
                payload, count, type: settings.eventSendPayloadType, timestamp: digit.timestamp,
                marker: digit.marker, scratch, at: now)
            output.isFresh = true
            return
        }
        if settings.describesNoise,
            unsafe rests(
                samples, frame, payload, type: settings.noiseSendPayloadType, timestamp: timestamp, scratch, at: now)
        {
            return
        }
        let count = unsafe output.encode(
            samples, frame, into: payload, capacity: Scratch.payloadCapacity, equipment: equipment)
        if count > 0 {
            unsafe sendVoice(payload, count, settings, timestamp: timestamp, scratch, at: now)
            output.isFresh = false
        } else {
            output.isFresh = true
        }
    }

    /// Leaves out the next packet when nobody speaks in it, and describes its noise where that is not known to the peer.
    @_noLocks private mutating func rests(
        _ samples: UnsafePointer<Int16>, _ frame: Int, _ payload: UnsafeMutablePointer<UInt8>, type: UInt8,
        timestamp: UInt32, _ scratch: borrowing Scratch, at now: UInt64
    ) -> Bool {
        switch unsafe output.listen(samples, frame) {
        case .voice: return false
        case .known: break
        case .new:
            let count = unsafe output.describeSilence(into: payload)
            unsafe send(payload, count, type: type, timestamp: timestamp, marker: false, scratch, at: now)
        }
        output.isFresh = true
        redundancy.forget()
        return true
    }

    /// Sends a payload of the codec, with older ones again where the peer wants them and misses packets.
    @_noLocks private mutating func sendVoice(
        _ payload: UnsafeMutablePointer<UInt8>, _ count: Int, _ settings: borrowing LegSettings, timestamp: UInt32,
        _ scratch: borrowing Scratch, at now: UInt64
    ) {
        if sendsCopies {
            let size = unsafe pack(payload, count, timestamp: timestamp)
            if size > 0 {
                unsafe send(
                    payload, size, type: settings.redundancySendPayloadType, timestamp: timestamp,
                    marker: output.isFresh, scratch, at: now)
                return
            }
        } else {
            redundancy.forget()
        }
        unsafe send(
            payload, count, type: settings.sendPayloadType, timestamp: timestamp, marker: output.isFresh, scratch,
            at: now)
    }

    /// The peer takes older payloads again, and misses packets or is sent them in any case.
    var sendsCopies: Bool {
        @_noLocks get {
            guard let settings, settings.redundancySendPayloadType != 255 else { return false }
            return settings.sendsCopiesAlways || reporting.lossPercent >= 2
        }
    }

    /// Puts older payloads in front of this one and remembers it.
    /// - Parameter payload: with room for `Scratch.payloadCapacity` bytes.
    /// - Returns: bytes that are there now; 0: there is no room, and nothing has changed.
    @_noLocks mutating func pack(_ payload: UnsafeMutablePointer<UInt8>, _ count: Int, timestamp: UInt32) -> Int {
        guard let settings else { return 0 }
        let isChained = unsafe settings.codec.isOpus && OpusDecoderHandle.carriesRecovery(payload, count: count)
        return unsafe redundancy.pack(
            payload, count: count, capacity: Scratch.payloadCapacity, type: settings.sendPayloadType,
            timestamp: timestamp, isChained: isChained)
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

    @_noLocks mutating func transmit(
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
