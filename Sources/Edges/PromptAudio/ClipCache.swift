import EdgeProtocols
import MediaTime

/// Decoded prompts under a byte bound; the one not used for longest goes first.
///
/// - Threading: a value; its owner guards it.
struct ClipCache {
    struct Entry {
        var clip: PCMClip
        /// Nil: never goes stale.
        var expires: MonotonicInstant?
        /// What says that the source is unchanged: an ETag, or the stamp of a file.
        var stamp: String?
    }

    private struct Slot {
        var entry: Entry
        var byteCount: Int
        var lastUse: UInt64
    }

    let byteLimit: Int
    private(set) var byteCount = 0
    private(set) var evictions = 0
    private var slots: [PromptSource: Slot] = [:]
    private var uses: UInt64 = 0

    init(byteLimit: Int) { self.byteLimit = byteLimit }

    var count: Int { slots.count }

    /// The entry of `source`, stale ones included.
    mutating func entry(for source: PromptSource) -> Entry? {
        guard slots[source] != nil else { return nil }
        uses += 1
        slots[source]?.lastUse = uses
        return slots[source]?.entry
    }

    /// The clip of `source` unless it has gone stale.
    mutating func freshClip(for source: PromptSource, at now: MonotonicInstant) -> PCMClip? {
        guard let entry = slots[source]?.entry else { return nil }
        if let expires = entry.expires, expires <= now { return nil }
        return self.entry(for: source)?.clip
    }

    mutating func insert(_ entry: Entry, for source: PromptSource) {
        remove(source)
        // The key holds the text or URL; 256 stands for the objects around both.
        let cost = entry.clip.samples.count * 2 + source.textByteCount + 256
        guard cost <= byteLimit else { return }
        uses += 1
        slots[source] = Slot(entry: entry, byteCount: cost, lastUse: uses)
        byteCount += cost
        while byteCount > byteLimit, let oldest = slots.min(by: { $0.value.lastUse < $1.value.lastUse })?.key {
            remove(oldest)
            evictions += 1
        }
    }

    mutating func remove(_ source: PromptSource) {
        if let slot = slots.removeValue(forKey: source) { byteCount -= slot.byteCount }
    }
}

extension PromptSource {
    fileprivate var textByteCount: Int {
        switch self {
        case .speech(let text, let language, _): text.utf8.count + language.utf8.count
        case .url(let text), .file(let text): text.utf8.count
        case .tone: 0
        }
    }
}
