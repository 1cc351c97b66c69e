public import WireJSON

/// A delay with its error bar and the stages it is made of.
public struct LatencyReport: Sendable {
    /// What part of a way a stage is.
    public enum Stage: String, Sendable, CaseIterable {
        /// Sound gathers in the card until a period is full.
        case capture
        /// Sound waits in the card until it is played.
        case playback
        /// Filters of the resamplers.
        case resampler
        /// Converters, air, and whatever the card does not tell of.
        case medium
        /// Steps of the mix.
        case graph
        case codec
        /// Sound gathers until a packet is full.
        case packetisation
        case playoutBuffer = "playout_buffer"
        case network
        /// What the far end does and does not tell of.
        case farEnd = "far_end"
    }

    public struct Part: Sendable {
        public var stage: Stage
        /// Milliseconds.
        public var delay: Double
        /// Where the figure comes from: `measured`, `told` (by a driver or a peer), `known` (by construction).
        public var source: String

        public init(_ stage: Stage, _ delay: Double, _ source: String) {
            self.stage = stage
            self.delay = delay
            self.source = source
        }
    }

    /// `loop` or `call`.
    public var kind: String
    public var subject: String
    public var delays: DelaySeries
    /// Sweeps played; those of them that were heard are in `delays`.
    public var sweeps: Int
    public var parts: [Part]
    /// What else may explain a figure, in words.
    public var notes: [String]

    public init(
        kind: String, subject: String, delays: DelaySeries, sweeps: Int, parts: [Part], notes: [String] = []
    ) {
        self.kind = kind
        self.subject = subject
        self.delays = delays
        self.sweeps = sweeps
        self.parts = parts
        self.notes = notes
    }

    public var isHeard: Bool { !delays.values.isEmpty }

    public var json: JSON {
        [
            "kind": .string(kind), "subject": .string(subject), "delay_ms": Self.rounded(delays.median),
            "error_ms": Self.rounded(delays.errorBar), "sweeps": JSON(sweeps), "heard": JSON(delays.values.count),
            "stages": .array(
                parts.map {
                    [
                        "stage": .string($0.stage.rawValue), "delay_ms": Self.rounded($0.delay),
                        "source": .string($0.source),
                    ]
                }),
            "delays_ms": .array(delays.values.map { Self.rounded($0) }), "notes": .array(notes.map { .string($0) }),
        ]
    }

    /// Lines for a terminal.
    public var text: [String] {
        guard let median = delays.median, let error = delays.errorBar else {
            return ["\(subject): none of \(sweeps) sweeps was heard"] + notes
        }
        let head =
            "\(subject): \(Self.text(median)) ms ± \(Self.text(error)), \(delays.values.count) of \(sweeps) sweeps heard"
        let stages = parts.map { part in
            let name = part.stage.rawValue.replacing("_", with: " ")
            let figure = Self.text(part.delay)
            return "  " + name + String(repeating: " ", count: max(1, 16 - name.count))
                + String(repeating: " ", count: max(0, 8 - figure.count)) + figure + " ms  " + part.source
        }
        return [head] + stages + notes
    }

    private static func rounded(_ value: Double?) -> JSON {
        value.map { .double(($0 * 1000).rounded() / 1000) } ?? .null
    }

    private static func text(_ value: Double) -> String {
        let hundredths = Int((abs(value) * 100).rounded())
        let sign = value < 0 && hundredths > 0 ? "-" : ""
        return "\(sign)\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }
}
