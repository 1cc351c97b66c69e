// Modules: MediaTime RTP
import MediaTime
import RTP

/// Any datagrams, in a row: read as RTP, RTCP and key presses with the state of one leg behind them.
///
/// The input is cut into datagrams by a length byte in front of each; they arrive 20 ms apart.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    var statistics = ReceiverStatistics(clockRate: 8000)
    var digits = DigitReceiver(clockRate: 8000)
    var now = MonotonicInstant(nanoseconds: 1_000_000_000)
    var offset = 0
    while offset < count {
        let length = min(Int(input[offset]), count - offset - 1)
        // A copy of its own, so that a read beyond the datagram is noticed.
        let datagram = Array(input[(offset + 1)..<(offset + 1 + length)])
        datagram.withUnsafeBytes { arrived($0, &statistics, &digits, now) }
        offset += 1 + length
        now = now + .milliseconds(20)
        if let press = digits.tick(at: now) { check(press) }
    }
    _ = statistics.makeReport(at: now)
    return 0
}

private func arrived(
    _ datagram: UnsafeRawBufferPointer, _ statistics: inout ReceiverStatistics, _ digits: inout DigitReceiver,
    _ now: MonotonicInstant
) {
    if let reading = RTCPReading(parsing: datagram, localSSRC: 0x0102_0304) {
        if let sender = reading.sender, let reporter = reading.reporter {
            statistics.senderReportArrived(from: reporter, ntp: sender.ntp, at: now)
        }
        _ = statistics.makeReport(at: now)
    }
    guard let header = RTPHeader(parsing: datagram) else { return }
    require(header.payloadOffset >= 12 && header.payloadCount >= 0, "payload at \(header.payloadOffset)")
    require(header.payloadOffset + header.payloadCount <= datagram.count, "payload beyond the datagram")
    _ = statistics.packetArrived(header, at: now, measuresJitter: true)
    let payload = UnsafeRawBufferPointer(
        rebasing: datagram[header.payloadOffset..<(header.payloadOffset + header.payloadCount)])
    guard let event = TelephoneEvent(parsing: payload) else { return }
    let presses = digits.packetArrived(event, timestamp: header.timestamp, at: now)
    for press in [presses.first, presses.second] { if let press { check(press) } }
}

private func check(_ press: DigitReceiver.Press) {
    require(TelephoneEvent.code(ofDigit: press.digit) != nil, "no digit: \(press.digit)")
}
