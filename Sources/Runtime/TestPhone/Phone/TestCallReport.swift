public import WireJSON

/// One line of the signalling ladder.
public struct TestCallStep: Sendable, Hashable {
    public enum Direction: String, Sendable, Hashable {
        case sent, received, local
    }
    /// Since the INVITE was sent.
    public var elapsed: Duration
    public var direction: Direction
    public var text: String
}

/// What became of a call.
public struct TestCallReport: Sendable {
    public enum Ending: Sendable, Hashable {
        /// The other side sent BYE.
        case peerHungUp
        /// We did, after the time that was asked for.
        case weHungUp
        /// The call was never answered; 0: we gave up ourselves.
        case refused(status: Int, reason: String)
        /// The dialog died.
        case lost(String)
    }
    public var ending: Ending
    public var steps: [TestCallStep]
    /// INVITE sent to first 18x, and to 200.
    public var ringingAfter: Duration?
    public var answeredAfter: Duration?
    /// INVITE sent to first RTP packet.
    public var firstAudioAfter: Duration?
    /// `opus`, `pcmu` or `pcma`.
    public var codec: String?
    public var packetsSent: Int
    public var packetsReceived: Int
    /// Gaps in the sequence numbers.
    public var packetsLost: Int
    public var digitsHeard: String
    /// What was heard, seconds and root mean square in dBFS (nil: nothing).
    public var heardSeconds: Double
    public var heardLevel: Double?
    /// The steps of a scripted caller, up to the first that failed; nil without a script.
    public var script: [ScriptStepReport]?

    /// Answered and ended normally; with a script, every step of it passed.
    public var isSuccess: Bool {
        if let script { return script.allSatisfy { $0.failure == nil } }
        return switch ending {
        case .peerHungUp, .weHungUp: answeredAfter != nil
        case .refused, .lost: false
        }
    }

    /// The ending in words.
    public var endingText: String {
        switch ending {
        case .peerHungUp: "the other side hung up"
        case .weHungUp: answeredAfter == nil ? "given up before it was answered" : "hung up after the time asked for"
        case .refused(let status, let reason): "refused: \(status) \(reason)"
        case .lost(let reason): "lost: \(reason)"
        }
    }

    public var json: JSON {
        func milliseconds(_ duration: Duration?) -> JSON {
            duration.map { .double(($0 / .microseconds(1)).rounded() / 1000) } ?? .null
        }
        var json: JSONObject = [
            "success": .bool(isSuccess), "ending": .string(endingText), "ringing_after_ms": milliseconds(ringingAfter),
            "answered_after_ms": milliseconds(answeredAfter), "first_audio_after_ms": milliseconds(firstAudioAfter),
            "codec": JSON(codec), "packets_sent": JSON(packetsSent), "packets_received": JSON(packetsReceived),
            "packets_lost": JSON(packetsLost), "digits_heard": .string(digitsHeard),
            "heard_seconds": .double(heardSeconds), "heard_level_dbfs": heardLevel.map { .double($0) } ?? .null,
            "ladder": .array(
                steps.map {
                    [
                        "at_ms": milliseconds($0.elapsed), "direction": .string($0.direction.rawValue),
                        "text": .string($0.text),
                    ]
                }),
        ]
        json["script"] = script.map { steps in
            .array(
                steps.map {
                    [
                        "step": .string($0.step), "at_ms": milliseconds($0.elapsed), "passed": .bool($0.failure == nil),
                        "failure": JSON($0.failure),
                    ]
                })
        }
        return .object(json)
    }
}
