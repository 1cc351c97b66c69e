import CSoundFile
public import CallModel

/// A sound file on disk that grows while it is written.
///
/// - Units: 16-bit samples, interleaved; 1 to 32 channels (MP3: 1 or 2, at 32 kbit/s, constant).
/// - Reference: libsndfile 1.2, `sf_open_virtual` over a descriptor of our own, so that no fault of the disk is lost.
/// - Threading: one thread at a time; every call may wait for the disk.
/// - Fails with: `SoundFileFault`, in the system's words.
@safe public struct SoundFileWriter: ~Copyable {
    private let writer: OpaquePointer

    /// Makes or empties the file at `path`.
    public init(path: String, format: RecordingFormat, sampleRate: Int, channels: Int) throws(SoundFileFault) {
        var reason = [CChar](repeating: 0, count: 160)
        let code =
            switch format {
            case .wav: SWH_SOUND_WAV
            case .mp3: SWH_SOUND_MP3
            case .ogg: SWH_SOUND_OGG
            }
        guard
            let writer = unsafe swh_sound_writer_open(
                path, Int32(code), Int32(sampleRate), Int32(channels), &reason, reason.count)
        else {
            throw SoundFileFault(
                reason: String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        unsafe self.writer = writer
    }

    /// Bytes on disk so far; encoders keep some back until `close`.
    public var byteCount: Int64 { unsafe swh_sound_writer_bytes(writer) }

    /// Writes whole frames: a multiple of the channels.
    public func write(_ samples: UnsafePointer<Int16>, frames: Int) throws(SoundFileFault) {
        let status = unsafe swh_sound_writer_write(writer, samples, frames)
        if status != 0 { throw SoundFileFault(errno: -status) }
    }

    /// Completes the file: its length, and what went wrong with it at any time.
    public consuming func close() -> (byteCount: Int64, fault: SoundFileFault?) {
        var bytes: Int64 = 0
        let status = unsafe swh_sound_writer_close(writer, &bytes)
        return (bytes, status == 0 ? nil : SoundFileFault(errno: -status))
    }
}

/// Why a sound file cannot be written.
public struct SoundFileFault: Error, Hashable, Sendable {
    public var reason: String
    public init(reason: String) { self.reason = reason }

    init(errno: Int32) {
        reason = unsafe String(cString: swh_sound_error_text(errno))
    }
}
