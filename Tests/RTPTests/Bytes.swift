import RTP

// The calls under test on arrays of bytes, so that tests hold no pointers.

func header(in packet: [UInt8]) -> RTPHeader? {
    unsafe packet.withUnsafeBytes { unsafe RTPHeader(parsing: $0) }
}

func isRTCP(_ packet: [UInt8]) -> Bool {
    unsafe packet.withUnsafeBytes { unsafe RTPHeader.isRTCP($0) }
}

func report(in packet: [UInt8], localSSRC: UInt32 = 7) -> RTCPReading? {
    unsafe packet.withUnsafeBytes { unsafe RTCPReading(parsing: $0, localSSRC: localSSRC) }
}

func event(in payload: [UInt8]) -> TelephoneEvent? {
    unsafe payload.withUnsafeBytes { unsafe TelephoneEvent(parsing: $0) }
}

func bytes(of header: RTPHeader, capacity: Int = 64) -> [UInt8] {
    var packet = [UInt8](repeating: 0xEE, count: capacity)
    let count = unsafe packet.withUnsafeMutableBytes { unsafe header.write(into: $0) }
    return Array(packet.prefix(count))
}

func bytes(of event: TelephoneEvent, capacity: Int = 64) -> [UInt8] {
    var payload = [UInt8](repeating: 0xEE, count: capacity)
    let count = unsafe payload.withUnsafeMutableBytes { unsafe event.write(into: $0) }
    return Array(payload.prefix(count))
}

func compound(
    _ sender: RTCPSenderInfo?, _ block: RTCPReportBlock?, cname: [UInt8] = Array("leg@box".utf8), isBye: Bool = false,
    capacity: Int = RTCPWriter.maximumByteCount
) -> [UInt8] {
    var packet = [UInt8](repeating: 0xEE, count: capacity)
    let count = unsafe packet.withUnsafeMutableBytes { room in
        unsafe cname.withUnsafeBytes { name in
            unsafe RTCPWriter.write(
                into: room, ssrc: 0xAABB_CCDD, sender: sender, block: block, cname: name, isBye: isBye)
        }
    }
    return Array(packet.prefix(count))
}

/// SplitMix64: the same bytes in every run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
}
