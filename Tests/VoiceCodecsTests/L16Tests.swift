import Testing
import VoiceCodecs

@Test("linear samples go most significant byte first and come back exactly")
func l16() {
    let samples: [Int16] = [0, 1, -1, 0x1234, .max, .min]
    var payload = [UInt8](repeating: 0, count: 12)
    var back = [Int16](repeating: 0, count: 6)
    unsafe samples.withUnsafeBufferPointer { input in
        unsafe payload.withUnsafeMutableBufferPointer { bytes in
            unsafe back.withUnsafeMutableBufferPointer { output in
                guard let from = input.baseAddress, let wire = bytes.baseAddress, let to = output.baseAddress else {
                    return
                }
                unsafe L16.encode(from, count: 6, into: wire)
                unsafe L16.decode(wire, count: 6, into: to)
            }
        }
    }
    #expect(payload == [0, 0, 0, 1, 0xFF, 0xFF, 0x12, 0x34, 0x7F, 0xFF, 0x80, 0])
    #expect(back == samples)
}
