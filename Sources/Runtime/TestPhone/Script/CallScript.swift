import SpeechRecognition
import WireJSON

/// What a scripted caller does and expects to hear, step by step.
///
/// - Reference: README, "A caller for your tests". A script is a JSON array; each step is an object with one of `expect`,
///   `say`, `play`, `tone`, `press`, `wait` and `hang_up`.
public struct CallScript: Sendable, Hashable {
    public enum Step: Sendable, Hashable {
        case expect(Expectation, within: Duration)
        /// Speaks a text with the embedded voice.
        case say(String, language: String)
        /// Speaks a sound file.
        case play(String)
        case tone(hertz: Double, lasting: Duration)
        case press(String)
        case wait(Duration)
        case hangUp
    }

    public enum Expectation: Sendable, Hashable {
        case answer
        /// Anything louder than −45 dBFS for so long without a break.
        case sound(lasting: Duration)
        /// Nothing louder than −50 dBFS for so long.
        case silence(lasting: Duration)
        /// One frequency that carries most of the sound, for so long.
        case tone(hertz: Double, lasting: Duration)
        /// Keys that the other side presses, after those that were expected before.
        case keys(String)
        /// A text, of which so many words are heard, in its order.
        case words(String, atLeast: Int)
        /// The other side ends the call (or refuses it).
        case hangUp
    }

    /// Why a script cannot be used; `path` is a JSON pointer.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public var path: String
        public var reason: String
        public var description: String { "\(path): \(reason)" }
    }

    public var steps: [Step]
    public init(steps: [Step]) { self.steps = steps }

    /// - Fails with: the first fault.
    public init(parsing bytes: some Collection<UInt8>) throws(Fault) {
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch { throw Fault(path: "/", reason: "not valid JSON: \(error)") }
        guard let items = json.array, !items.isEmpty else {
            throw Fault(path: "/", reason: "must be an array of steps")
        }
        var steps: [Step] = []
        for (index, item) in items.enumerated() {
            guard let object = item.object else { throw Fault(path: "/\(index)", reason: "must be an object") }
            steps.append(try StepReader(object, path: "/\(index)").step())
        }
        self.steps = steps
    }
}

/// Reads one step.
private struct StepReader {
    private static let kinds = ["expect", "say", "play", "tone", "press", "wait", "hang_up"]
    private let object: JSONObject
    private let path: String

    init(_ object: JSONObject, path: String) {
        self.object = object
        self.path = path
    }

    func step() throws(CallScript.Fault) -> CallScript.Step {
        let kinds = Self.kinds.filter { object[$0] != nil }
        guard let kind = kinds.first, kinds.count == 1 else {
            throw fault(nil, "must have exactly one of \(Self.kinds.joined(separator: ", "))")
        }
        switch kind {
        case "expect": return .expect(try expectation(), within: try seconds("within", or: 10))
        case "say":
            try only("say", "language")
            return .say(try text("say"), language: object["language"] == nil ? "en-US" : try text("language"))
        case "play":
            try only("play")
            return .play(try text("play"))
        case "tone":
            try only("tone", "for")
            return .tone(hertz: try hertz("tone"), lasting: try seconds("for", or: 1))
        case "press":
            try only("press")
            return .press(try keys("press", "0123456789*#ABCDp"))
        case "wait":
            try only("wait")
            return .wait(try seconds("wait", or: 1))
        default:
            try only("hang_up")
            guard object["hang_up"] == true else { throw fault("hang_up", "must be true") }
            return .hangUp
        }
    }

    private func expectation() throws(CallScript.Fault) -> CallScript.Expectation {
        switch object["expect"]?.string {
        case "answer":
            try only("expect", "within")
            return .answer
        case "sound":
            try only("expect", "within", "for")
            return .sound(lasting: try seconds("for", or: 0.3))
        case "silence":
            try only("expect", "within", "for")
            return .silence(lasting: try seconds("for", or: 1))
        case "tone":
            try only("expect", "within", "for", "hertz")
            return .tone(hertz: try hertz("hertz"), lasting: try seconds("for", or: 0.2))
        case "keys":
            try only("expect", "within", "keys")
            return .keys(try keys("keys", "0123456789*#ABCD"))
        case "words":
            try only("expect", "within", "words", "at_least")
            return try words()
        case "hang_up":
            try only("expect", "within")
            return .hangUp
        default: throw fault("expect", "must be answer, sound, silence, tone, keys, words or hang_up")
        }
    }

    private func words() throws(CallScript.Fault) -> CallScript.Expectation {
        let text = try text("words")
        let count = WordSpotter.words(of: text).count
        guard (1...100).contains(count) else { throw fault("words", "must be text of 1 to 100 words") }
        // Of words that were said one in eight is missed.
        guard let least = object["at_least"] else { return .words(text, atLeast: (count * 7 + 9) / 10) }
        guard let least = least.int, (1...count).contains(least) else {
            throw fault("at_least", "must be 1 to \(count), the words there are")
        }
        return .words(text, atLeast: least)
    }

    private func only(_ known: String...) throws(CallScript.Fault) {
        for key in object.members.map(\.key) where !known.contains(key) {
            throw fault(key, "is not known here; known: \(known.joined(separator: ", "))")
        }
    }

    private func text(_ key: String) throws(CallScript.Fault) -> String {
        guard let text = object[key]?.string, !text.isEmpty else { throw fault(key, "must be text") }
        return text
    }

    private func keys(_ key: String, _ alphabet: String) throws(CallScript.Fault) -> String {
        let text = try text(key)
        guard text.allSatisfy(alphabet.contains) else { throw fault(key, "takes \(alphabet)") }
        return text
    }

    private func seconds(_ key: String, or standard: Double) throws(CallScript.Fault) -> Duration {
        guard let value = object[key] else { return .milliseconds(Int64(standard * 1000)) }
        guard let seconds = value.double, (0.02...3600).contains(seconds) else {
            throw fault(key, "must be 0.02 to 3600 seconds")
        }
        return .milliseconds(Int64((seconds * 1000).rounded()))
    }

    private func hertz(_ key: String) throws(CallScript.Fault) -> Double {
        guard let hertz = object[key]?.double, (50...3800).contains(hertz) else {
            throw fault(key, "must be 50 to 3800 hertz")
        }
        return hertz
    }

    private func fault(_ key: String?, _ reason: String) -> CallScript.Fault {
        CallScript.Fault(path: path + (key.map { "/" + $0 } ?? ""), reason: reason)
    }
}

extension CallScript.Step: CustomStringConvertible {
    public var description: String {
        switch self {
        case .expect(let expectation, let limit): "expect \(expectation) within \(limit)"
        case .say(let text, _): "say \"\(text)\""
        case .play(let file): "play \(file)"
        case .tone(let hertz, let time): "tone of \(hertz) Hz for \(time)"
        case .press(let keys): "press \(keys)"
        case .wait(let time): "wait \(time)"
        case .hangUp: "hang up"
        }
    }
}

extension CallScript.Expectation: CustomStringConvertible {
    public var description: String {
        switch self {
        case .answer: "answer"
        case .sound(let time): "sound for \(time)"
        case .silence(let time): "silence for \(time)"
        case .tone(let hertz, let time): "a tone of \(hertz) Hz for \(time)"
        case .keys(let keys): "the keys \(keys)"
        case .words(let text, let least): "\(least) words of \"\(text)\""
        case .hangUp: "the other side to hang up"
        }
    }
}
