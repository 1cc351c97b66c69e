import AudioGraph
import EdgeProtocols
internal import Synchronization

/// Samples of a prompt where a worker can read them.
///
/// - Memory: freed with the last reference, which control holds until the worker has handed the player back.
@safe final class ClipMemory: @unchecked Sendable {
    // Unchecked: the memory is written in `init` only.
    let samples: UnsafeMutablePointer<Int16>
    let count: Int
    /// Samples per second.
    let rate: Int

    init(_ source: [Int16], rate: Int) {
        unsafe samples = .allocate(capacity: max(1, source.count))
        for (index, sample) in source.enumerated() { unsafe samples[index] = sample }
        count = source.count
        self.rate = rate
    }

    deinit { unsafe samples.deallocate() }
}

/// Prompts at the rates of the mixes that play them; converted once, kept under a bound.
///
/// - Bounds: `maximumSamples` in all; the ones used longest ago go first.
/// - Threading: any thread; converting happens on the caller's.
final class ClipCache: Sendable {
    private struct Key: Hashable {
        var clip: ObjectIdentifier
        var rate: Int
    }
    private struct Entry {
        /// Keeps the identity from being given to another clip.
        var clip: PCMClip
        var memory: ClipMemory
        var lastUse: Int
    }
    private struct Entries {
        var byKey: [Key: Entry] = [:]
        var samples = 0
        var uses = 0
    }

    private let maximumSamples: Int
    private let entries = Mutex(Entries())

    init(maximumSamples: Int) { self.maximumSamples = maximumSamples }

    /// The clip at `rate`; at its own rate when the converter cannot be made.
    func memory(of clip: PCMClip, rate: Int) -> ClipMemory {
        let key = Key(clip: ObjectIdentifier(clip), rate: rate)
        let known = entries.withLock { entries -> ClipMemory? in
            entries.uses += 1
            entries.byKey[key]?.lastUse = entries.uses
            return entries.byKey[key]?.memory
        }
        if let known { return known }
        let made: ClipMemory
        if let converted = RateConverter.convert(clip.samples, from: clip.sampleRate, to: rate) {
            made = ClipMemory(converted, rate: rate)
        } else {
            made = ClipMemory(clip.samples, rate: clip.sampleRate)
        }
        guard made.count <= maximumSamples / 2 else { return made }
        entries.withLock { entries in
            if let old = entries.byKey[key] { entries.samples -= old.memory.count }
            entries.byKey[key] = Entry(clip: clip, memory: made, lastUse: entries.uses)
            entries.samples += made.count
            while entries.samples > maximumSamples,
                let oldest = entries.byKey.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                entries.byKey[oldest.key] = nil
                entries.samples -= oldest.value.memory.count
            }
        }
        return made
    }
}
