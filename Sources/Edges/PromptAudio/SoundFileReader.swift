import CSoundFile

/// A sound file on disk, read piece by piece: as long as it likes, in as much memory as a piece.
///
/// - Units: 16-bit samples, interleaved.
/// - Reference: libsndfile 1.2, `sf_open`. For files that this program has written: all readers of the library are open.
/// - Threading: one thread at a time; every call may wait for the disk.
/// - Fails with: `SoundFileFault`, in the library's words.
@safe public struct SoundFileReader: ~Copyable {
    private let file: OpaquePointer
    public let channels: Int
    /// Samples per second of one channel.
    public let sampleRate: Int

    public init(path: String) throws(SoundFileFault) {
        var reason = [CChar](repeating: 0, count: 160)
        guard let file = unsafe swh_sound_file_open_path(path, &reason, reason.count) else {
            throw SoundFileFault(
                reason: String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        unsafe self.file = file
        channels = Int(unsafe swh_sound_file_channels(file))
        sampleRate = Int(unsafe swh_sound_file_rate(file))
    }

    deinit { unsafe swh_sound_file_close(file) }

    /// The next frames, `frames` at most; empty at the end.
    public func read(frames: Int) -> [Int16] {
        unsafe [Int16](unsafeUninitializedCapacity: frames * channels) { room, initialized in
            guard let first = room.baseAddress else { return }
            initialized = unsafe swh_sound_file_read(file, first, frames) * channels
        }
    }
}
