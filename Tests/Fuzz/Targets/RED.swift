// Modules: MediaTime RTP
import RTP

/// Any payload, read as RFC 2198: the blocks lie behind each other, end with the payload, and can be written again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // A copy of its own, so that a read beyond it is noticed.
    let payload = Array(UnsafeRawBufferPointer(start: start, count: count))
    payload.withUnsafeBytes { read($0) }
    return 0
}

private func read(_ payload: UnsafeRawBufferPointer) {
    guard let packet = RedundantAudio(parsing: payload) else { return }
    require((1...8).contains(packet.count), "\(packet.count) blocks")
    var place = RedundantAudio.headerByteCount(copies: packet.count - 1)
    var header = [UInt8](repeating: 0, count: 4)
    for index in 0..<packet.count {
        let block = packet.block(index)
        require(block.start == place && block.count >= 0, "block \(index) at \(block.start)")
        place += block.count
        require(place <= payload.count, "block \(index) beyond the payload")
        if index == packet.count - 1 { break }
        let written = header.withUnsafeMutableBytes {
            RedundantAudio.writeHeader(block.payloadType, offset: block.offset, count: block.count, into: $0)
        }
        require(written == 4 && header.elementsEqual(payload[(4 * index)..<(4 * index + 4)]), "header \(index)")
    }
    require(place == payload.count && packet.newest == packet.block(packet.count - 1), "the newest block")
}
