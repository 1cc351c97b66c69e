import AudioGraph
import VoiceCodecs
import CLinux
import MediaTime
import RTP
import RTPTransport

/// What a leg does with the packets that waited in its sockets.
extension LegBlock {
    /// Receives all that waits.
    /// - Parameters:
    ///   - peer: the leg that the packets are relayed to; nil when they are mixed or dropped.
    ///   - isMixed: packets go into the playout buffer.
    /// - Returns: datagrams received.
    @_noLocks mutating func receive(_ scratch: borrowing Scratch, relayingTo peer: LegPointer?, isMixed: Bool) -> Int {
        guard let sockets else { return 0 }
        var total = 0
        while total < 256 {
            let count = sockets.rtp.receive(into: scratch.batch)
            if count == 0 { break }
            let clock = ArrivalClock()
            var index = 0
            while index < count {
                unsafe take(index, clock, scratch, peer, isMixed)
                index &+= 1
            }
            total &+= count
            if count < Scratch.batchCount { break }
        }
        return total
    }

    @_noLocks private mutating func take(
        _ index: Int, _ clock: ArrivalClock, _ scratch: borrowing Scratch, _ peer: LegPointer?, _ isMixed: Bool
    ) {
        guard let settings else { return }
        let source = scratch.batch.source(index)
        if !settings.lock.allows(source, at: clock.now) {
            scratch.sink.countRefused()
            return
        }
        let bytes = unsafe scratch.batch.bytes(index)
        var count = scratch.batch.count(index)
        if count > Scratch.longestDatagram {
            scratch.sink.countRefused()
            return
        }
        let raw = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
        if unsafe RTPHeader.isRTCP(raw) {
            if settings.multiplexesRTCP { unsafe takeReport(bytes, count, source, clock) }
            return
        }
        if let inbound = settings.inbound {
            count = unsafe inbound.unprotectRTP(bytes, count: count)
            if count <= 0 {
                scratch.sink.countRefused()
                return
            }
        }
        guard let header = unsafe RTPHeader(parsing: UnsafeRawBufferPointer(start: bytes, count: count)) else {
            scratch.sink.countRefused()
            return
        }
        let isEvent = header.payloadType == settings.eventReceivePayloadType
        var isNoise = header.payloadType == settings.noiseReceivePayloadType
        var isRedundant = header.payloadType == settings.redundancyReceivePayloadType
        var isFormer = false
        if !isEvent && !isNoise && !isRedundant && header.payloadType != settings.receivePayloadType {
            isFormer = isMixed && input.isTurning && former.has(header.payloadType)
            if !isFormer {
                scratch.sink.countRefused()
                return
            }
            isNoise = header.payloadType == former.noise
            isRedundant = header.payloadType == former.redundancy
            former.heard = clock.now
        }
        _ = self.settings?.lock.heard(source, at: clock.now)
        let arrival = MonotonicInstant(nanoseconds: clock.arrival(ofRealtime: scratch.batch.realtime(index)))
        let verdict = statistics.packetArrived(
            header, at: arrival, measuresJitter: !isEvent && !isNoise && !isFormer)
        lastPacket = clock.now
        hasTimedOut = false
        if !hasHeard {
            hasHeard = true
            scratch.sink.report(.firstAudio, serial: serial, Int64(bitPattern: arrival.nanoseconds), 0)
        }
        switch verdict.verdict {
        case .probation: return
        case .first:
            input.restart(equipment, breaksOff: true)
            relay.clear()
        case .newest, .older: break
        }
        let payload = unsafe bytes.advanced(by: header.payloadOffset)
        if isEvent {
            unsafe takeEvent(payload, header, verdict.sequence, arrival, scratch.sink)
        } else if !settings.receives || header.payloadCount == 0 {
            return
        } else if isRedundant {
            unsafe takeRedundant(payload, header, verdict.sequence, arrival, settings, peer, isMixed, scratch)
        } else if let peer = unsafe peer {
            unsafe peer.pointee.relayed(
                bytes, header, sequence: verdict.sequence, arrival: arrival.nanoseconds, isNoise: isNoise, map: &relay,
                scratch)
        } else if isNoise {
            if isMixed { unsafe input.describeNoise(payload, count: header.payloadCount, sequence: verdict.sequence) }
        } else if isMixed {
            unsafe input.push(
                payload, count: header.payloadCount, sequence: verdict.sequence, timestamp: header.timestamp,
                arrival: arrival, isFormer: isFormer)
        }
    }

    /// A packet with older payloads in front of its own (RFC 2198).
    @_noLocks private mutating func takeRedundant(
        _ payload: UnsafeMutablePointer<UInt8>, _ header: RTPHeader, _ sequence: UInt64, _ arrival: MonotonicInstant,
        _ settings: borrowing LegSettings, _ peer: LegPointer?, _ isMixed: Bool, _ scratch: borrowing Scratch
    ) {
        let type = settings.receivePayloadType
        if let peer = unsafe peer {
            let raw = unsafe UnsafeRawBufferPointer(start: payload, count: header.payloadCount)
            guard let packet = unsafe RedundantAudio(parsing: raw), packet.newest.payloadType == type,
                packet.newest.count > 0
            else { return scratch.sink.countRefused() }
            unsafe peer.pointee.relayRedundant(
                packet, payload, header, type: type, sequence: sequence, arrival: arrival.nanoseconds, map: &relay,
                scratch)
        } else if isMixed {
            let isTaken = unsafe input.pushRedundant(
                payload, count: header.payloadCount, type: type, formerType: former.payloadType, sequence: sequence,
                timestamp: header.timestamp, arrival: arrival)
            if !isTaken { scratch.sink.countRefused() }
        }
    }

    @_noLocks private mutating func takeEvent(
        _ payload: UnsafeMutablePointer<UInt8>, _ header: RTPHeader, _ sequence: UInt64,
        _ arrival: MonotonicInstant, _ sink: borrowing ReportSink
    ) {
        input.playout.pass(sequence: sequence)
        relay.skip(sequence: sequence)
        guard
            let event = unsafe TelephoneEvent(
                parsing: UnsafeRawBufferPointer(start: payload, count: header.payloadCount))
        else { return }
        let presses = digits.packetArrived(event, timestamp: header.timestamp, at: arrival)
        if presses.hasBegun { sink.report(.keyDown, serial: serial, 0, 0) }
        if let press = presses.first { tell(press, sink) }
        if let press = presses.second { tell(press, sink) }
    }

    @_noLocks func tell(_ press: DigitReceiver.Press, _ sink: borrowing ReportSink) {
        sink.report(.digit, serial: serial, Int64(press.digit), Int64(press.durationMilliseconds))
    }

    /// Reads the RTCP socket.
    @_noLocks mutating func receiveReports(_ scratch: borrowing Scratch) {
        guard let socket = sockets?.rtcp, let settings else { return }
        let count = socket.receive(into: scratch.batch)
        let clock = ArrivalClock()
        var index = 0
        while index < count {
            let source = scratch.batch.source(index)
            var isAllowed = false
            if let target = settings.lock.target, target.isSameHost(as: source) { isAllowed = true }
            if let described = settings.remoteRTCP, described.isSameHost(as: source) { isAllowed = true }
            if isAllowed {
                unsafe takeReport(scratch.batch.bytes(index), scratch.batch.count(index), source, clock)
            }
            index &+= 1
        }
    }

    @_noLocks private mutating func takeReport(
        _ bytes: UnsafeMutablePointer<UInt8>, _ received: Int, _ source: SocketAddress, _ clock: ArrivalClock
    ) {
        var count = received
        if let inbound = settings?.inbound {
            count = unsafe inbound.unprotectRTCP(bytes, count: count)
            if count <= 0 { return }
        }
        let raw = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
        guard let reading = unsafe RTCPReading(parsing: raw, localSSRC: output.ssrc) else { return }
        reporting.learnt = source
        if let reporter = reading.reporter, let sender = reading.sender {
            statistics.senderReportArrived(
                from: reporter, ntp: sender.ntp, at: MonotonicInstant(nanoseconds: clock.now))
        }
        guard let block = reading.aboutUs else { return }
        // Up at once, down slowly: losses come in groups.
        let percent = (Int(block.fractionLost) &* 100 &+ 128) / 256
        reporting.lossPercent = max(percent, reporting.lossPercent &* 3 / 4)
        if let trip = Self.wallClock().roundTripNanoseconds(block) {
            reporting.roundTripMicroseconds = Int(trip / 1000)
        }
        // Above 10 % libopus takes more from the sound than its FEC gives back; no loss needs no FEC.
        if let encoder = equipment.encoder { encoder.setExpectedLoss(percent: min(10, reporting.lossPercent)) }
    }

    @_noLocks static func wallClock() -> NTPTimestamp {
        let now = swh_realtime_ns()
        return NTPTimestamp(
            unixSeconds: now / 1_000_000_000, nanoseconds: UInt32(truncatingIfNeeded: now % 1_000_000_000))
    }
}
