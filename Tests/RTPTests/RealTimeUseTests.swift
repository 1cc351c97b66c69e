import MediaTime
import RTP
import Testing

/// Compiles only while every call of this module that a media worker makes passes the real-time check from outside.
@_noLocks private func workerReceives(
    _ packet: UnsafeRawBufferPointer, _ statistics: inout ReceiverStatistics, _ digits: inout DigitReceiver,
    at now: MonotonicInstant
) -> Int {
    if unsafe RTPHeader.isRTCP(packet) {
        guard let report = unsafe RTCPReading(parsing: packet, localSSRC: 1) else { return 0 }
        if let sender = report.sender, let reporter = report.reporter {
            statistics.senderReportArrived(from: reporter, ntp: sender.ntp, at: now)
        }
        guard let block = report.aboutUs else { return 0 }
        return NTPTimestamp(unixSeconds: 0, nanoseconds: 0).roundTripNanoseconds(block) == nil ? 0 : 1
    }
    guard let header = unsafe RTPHeader(parsing: packet) else { return 0 }
    let arrival = statistics.packetArrived(header, at: now, measuresJitter: true)
    if arrival.verdict == .probation { return 0 }
    let payload = unsafe UnsafeRawBufferPointer(rebasing: packet[header.payloadOffset..<packet.count])
    guard let event = unsafe TelephoneEvent(parsing: payload) else { return 0 }
    let presses = digits.packetArrived(event, timestamp: header.timestamp, at: now)
    var count = 0
    if let press = presses.first { count += Int(press.digit) }
    if let press = presses.second { count += Int(press.digit) }
    if let press = digits.tick(at: now) { count += Int(press.durationMilliseconds) }
    return count + Int(statistics.jitter.ticks) + Int(statistics.packetsLost)
}

@_noLocks private func workerSends(
    _ packet: UnsafeMutableRawBufferPointer, _ statistics: inout ReceiverStatistics, _ digits: inout DigitSender,
    at now: MonotonicInstant
) -> Int {
    let header = RTPHeader(marker: false, payloadType: 0, sequence: 1, timestamp: 2, ssrc: 3)
    var count = unsafe header.write(into: packet)
    if !digits.isIdle, let step = digits.step(timestamp: 2, milliseconds: 20) {
        count += unsafe step.event.write(into: packet)
    }
    let block = statistics.makeReport(at: now)
    count += unsafe RTCPWriter.write(
        into: packet, ssrc: 3, sender: nil, block: block, cname: UnsafeRawBufferPointer(packet), isBye: false)
    return count
}

@Suite("Real-time use")
struct RealTimeUseTests {
    @Test("a worker may call all of it")
    func worker() {
        var statistics = ReceiverStatistics(clockRate: 8000)
        var receiver = DigitReceiver(clockRate: 8000)
        var sender = DigitSender(clockRate: 8000)
        let now = MonotonicInstant(nanoseconds: 1)
        var packet = [UInt8](repeating: 0, count: 400)
        let sent = unsafe packet.withUnsafeMutableBytes { unsafe workerSends($0, &statistics, &sender, at: now) }
        let heard = unsafe packet.withUnsafeBytes { unsafe workerReceives($0, &statistics, &receiver, at: now) }
        #expect(sent > 12 && heard == 0)
    }
}
