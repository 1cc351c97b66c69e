import CSoundFile
public import EdgeProtocols

/// WAV, MP3 and OGG in memory, read and written.
///
/// - Units: mono 16-bit samples.
/// - Reference: libsndfile 1.2, `sf_open_virtual`.
/// - Threading: any thread; blocks for as long as the work takes, so not on the pool for long files.
/// - Fails with: `PromptFault`, which says what the bytes are instead.
public enum SoundFile {
    public enum Format: Int32, Sendable, CaseIterable {
        case wav = 1
        case mp3 = 2
        case ogg = 3
    }

    /// Decodes to the lowest of 8, 16 and 48 kHz that loses nothing.
    ///
    /// - Parameter maximumSeconds: longer files are refused, so that a small file cannot fill the memory.
    public static func decode(_ bytes: [UInt8], maximumSeconds: Int) throws(PromptFault) -> PCMClip {
        // Only the three containers reach the library: its rarer readers have a long record of memory faults.
        guard container(of: bytes) != nil else {
            throw PromptFault("neither WAV, MP3 nor OGG: \(bytes.count) bytes, \(beginning(of: bytes))")
        }
        let (samples, rate) = try read(bytes, maximumSeconds: maximumSeconds)
        let target = [8000, 16_000].first { rate <= $0 } ?? 48_000
        return PCMClip(sampleRate: target, samples: try resampled(samples, from: rate, to: target))
    }

    /// Encodes a clip. MP3 and OGG lose; WAV does not.
    public static func encode(_ clip: PCMClip, as format: Format) throws(PromptFault) -> [UInt8] {
        var reason = [CChar](repeating: 0, count: 160)
        var bytes: UnsafeMutablePointer<UInt8>?
        var byteCount = 0
        let status = unsafe clip.samples.withUnsafeBufferPointer { samples -> Int32 in
            guard let first = samples.baseAddress else { return -1 }
            return unsafe swh_sound_file_encode(
                format.rawValue, Int32(clip.sampleRate), first, samples.count, &bytes, &byteCount, &reason,
                reason.count)
        }
        defer { unsafe swh_sound_file_free(bytes) }
        guard status == 0, let bytes = unsafe bytes else {
            throw PromptFault("not written as \(format): \(text(reason))")
        }
        return unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: byteCount))
    }

    private static func read(_ bytes: [UInt8], maximumSeconds: Int) throws(PromptFault) -> ([Int16], rate: Int) {
        var reason = [CChar](repeating: 0, count: 160)
        let result: Result<([Int16], Int), PromptFault> = unsafe bytes.withUnsafeBufferPointer { input in
            guard let first = input.baseAddress,
                let file = unsafe swh_sound_file_open(first, input.count, &reason, reason.count)
            else { return .failure(PromptFault("not a readable sound file: \(text(reason))")) }
            defer { unsafe swh_sound_file_close(file) }
            let rate = Int(unsafe swh_sound_file_rate(file))
            guard (4000...192_000).contains(rate) else {
                return .failure(PromptFault("sample rate \(rate) Hz is not in 4000…192000"))
            }
            let limit = rate * maximumSeconds
            var samples: [Int16] = []
            var block = [Int16](repeating: 0, count: 8192)
            while true {
                let count = unsafe swh_sound_file_read_mono(file, &block, block.count)
                if count <= 0 { break }
                guard samples.count + count <= limit else {
                    return .failure(PromptFault("longer than \(maximumSeconds) s"))
                }
                samples.append(contentsOf: block[..<count])
            }
            guard !samples.isEmpty else { return .failure(PromptFault("holds no sound")) }
            return .success((samples, rate))
        }
        return try result.get()
    }

    private static func container(of bytes: [UInt8]) -> Format? {
        if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WAVE".utf8) { return .wav }
        if bytes.starts(with: "OggS".utf8) { return .ogg }
        if bytes.starts(with: "ID3".utf8) { return .mp3 }
        // MPEG audio frame: eleven set bits, then a version and a layer that exist.
        if bytes.count > 4, bytes[0] == 0xFF, bytes[1] & 0xE0 == 0xE0, bytes[1] & 0x18 != 0x08, bytes[1] & 0x06 != 0 {
            return .mp3
        }
        return nil
    }

    /// The first bytes as a person can read them.
    private static func beginning(of bytes: [UInt8]) -> String {
        let head = bytes.prefix(24)
        guard !head.isEmpty else { return "empty" }
        let isText = head.allSatisfy { (32...126).contains($0) || [9, 10, 13].contains($0) }
        if isText {
            let line = String(decoding: head.map { $0 < 32 ? 32 : $0 }, as: UTF8.self)
            return "beginning with \"\(line)\""
        }
        return "beginning with hex "
            + head.prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined(separator: " ")
    }

    private static func text(_ reason: [CChar]) -> String {
        String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
