public import CallModel
public import NCCO

/// An order of the Voice API to one running leg (contract voice-api §5 and §6), already validated.
public enum LegCommand: Hashable, Sendable {
    case hangUp
    /// Whether the others stop hearing the leg.
    case mute(Bool)
    /// Whether the leg stops hearing the others.
    case earmuff(Bool)
    /// How loud the leg hears, -1 to 1 (`MemberAudio.level`).
    case volume(Double)
    /// Moves the leg into a Conversation of its own and runs this script there.
    case transfer(TransferScript)
    /// Heard by the leg alone, over its script; replaces what an earlier `talk` or `stream` order plays.
    case talk(Talk)
    case stream(Stream)
    case stopTalk
    case stopStream
    /// Keys to send to the leg: `0-9*#`, and `p` for a pause of 500 ms.
    case sendDigits(String)
    /// Every key the leg presses from now on is told here.
    case subscribeDigits(WebhookTarget)
    case unsubscribeDigits
    /// The user who placed the call gives up, or hangs up.
    case giveUp(Farewell)

    /// Why, in a client's words; what it leaves out is said by the box.
    public struct Farewell: Hashable, Sendable {
        public var code: String?
        public var text: String?
        public init(code: String? = nil, text: String? = nil) {
            self.code = code
            self.text = text
        }
    }
}

/// Where the script of a transfer comes from.
public enum TransferScript: Hashable, Sendable {
    case inline([Action])
    /// Asked with the fields of the answer webhook.
    case url(WebhookTarget)
}

/// What is left to do once the answer to a command has been sent: an event it causes may not overtake the answer
/// (contract voice-api §2). It must be called, whether or not the answer could be delivered.
public typealias AfterReply = @Sendable () -> Void
