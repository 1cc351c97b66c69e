public import CallModel

/// The one table of endings (contract README 3).
public enum Endings {
    /// Final response of the far end, or of our own stack on its behalf.
    ///
    /// - Parameters:
    ///   - viaTrunk: the far end is a trunk; else a device or any SIP peer.
    ///   - fromPeer: false when our own stack found it (Timer B, no route, no connection).
    public static func finalResponse(_ code: Int, viaTrunk: Bool, fromPeer: Bool) -> LegEnding {
        func ending(_ voice: LegStatus, _ detail: String?, _ leg: LegStatus, _ reason: String) -> LegEnding {
            LegEnding(
                voiceStatus: voice, detail: detail, legStatus: leg, reason: reason, sipCode: code, disconnectedBy: .user
            )
        }
        switch code {
        case 486: return ending(.busy, nil, .busy, "busy_here")
        case 600: return ending(.busy, nil, .busy, "busy")
        case 603: return ending(.rejected, "declined", .rejected, "rejected")
        case 403 where !viaTrunk: return ending(.rejected, "declined", .failed, "forbidden")
        case 403: return ending(.rejected, "restricted", .failed, "forbidden")
        case 405, 406, 488, 606: return ending(.rejected, "restricted", .failed, "failed")
        case 484: return ending(.rejected, "invalid_number", .failed, "address_incomplete")
        case 414, 416: return ending(.rejected, "invalid_number", .failed, "failed")
        case 480, 430: return ending(.unanswered, "unavailable", .timeout, "temporarily_unavailable")
        case 408, 504: return ending(.unanswered, "carrier_timeout", .timeout, "request_timeout")
        case 404, 604, 485: return ending(.failed, "cannot_route", .failed, "not_found")
        case 503 where !fromPeer: return ending(.failed, "cannot_route", .failed, "service_unavailable")
        case 401, 407: return ending(.failed, "cannot_route", .failed, "failed")
        case 300..<400: return ending(.failed, "cannot_route", .failed, "failed")
        case 410: return ending(.failed, "number_out_of_service", .failed, "gone")
        case 487: return ending(.unanswered, "unavailable", .cancelled, "request_terminated")
        default: return ending(.failed, "internal_error", .failed, "failed")
        }
    }

    /// Our own ring timer ran out.
    public static let ringTimeout = LegEnding(
        voiceStatus: .timeout, legStatus: .timeout, reason: "timeout", sipCode: 487, disconnectedBy: .platform)

    /// Our own ring timer ran out while the caller heard ringing: it is told 480, the Application the truth.
    public static let callerRangOut = LegEnding(
        voiceStatus: .timeout, legStatus: .timeout, reason: "timeout", sipCode: 480, disconnectedBy: .platform)

    /// The caller or the REST API gave up before the answer.
    public static func cancelled(by: LegEnding.DisconnectedBy) -> LegEnding {
        LegEnding(
            voiceStatus: .cancelled, legStatus: .cancelled, reason: "cancelled", sipCode: 487, disconnectedBy: by)
    }

    /// BYE after the answer.
    public static func completed(by: LegEnding.DisconnectedBy) -> LegEnding {
        LegEnding(voiceStatus: .completed, legStatus: .completed, reason: "ok", sipCode: 200, disconnectedBy: by)
    }

    /// We refuse an inbound leg that was never answered with this code (contract README 2).
    public static func refused(_ code: Int) -> LegEnding {
        var ending = finalResponse(code, viaTrunk: false, fromPeer: true)
        ending.disconnectedBy = .platform
        return ending
    }

    /// The box could not do it (no media, no route of its own).
    public static func boxFailure(_ detail: String, reason: String, sipCode: Int?) -> LegEnding {
        LegEnding(
            voiceStatus: .failed, detail: detail, legStatus: .failed, reason: reason, sipCode: sipCode,
            disconnectedBy: .platform)
    }

    /// The leg was found open at start-up.
    public static func restart(wasAnswered: Bool) -> LegEnding {
        wasAnswered
            ? LegEnding(
                voiceStatus: .completed, legStatus: .completed, reason: "restart", sipCode: nil,
                disconnectedBy: .platform)
            : LegEnding(
                voiceStatus: .failed, detail: "internal_error", legStatus: .failed, reason: "restart", sipCode: nil,
                disconnectedBy: .platform)
    }

    /// A caller whose script is over while it rings: told of as B was, with the code that it gets (contract README 2).
    public static func caller(afterConnect ending: LegEnding?) -> LegEnding {
        let code = codeForCaller(afterConnect: ending)
        // `cancelled` is a caller's own doing.
        guard var own = ending, own.voiceStatus != .cancelled, own.legStatus != .cancelled else { return refused(code) }
        own.sipCode = code
        own.disconnectedBy = .platform
        return own
    }

    private static func codeForCaller(afterConnect ending: LegEnding?) -> Int {
        guard let ending else { return 480 }
        switch ending.sipCode {
        case .some(let code) where [486, 480, 404, 484, 603, 408].contains(code): return code
        default: return 480
        }
    }

    /// `reason.text` and `reason.code` of hangup events: ITU-T Q.850 name and number of a SIP code.
    static func cause(_ sipCode: Int?) -> (text: String, code: String) {
        switch sipCode {
        case 200, nil: ("NORMAL_CLEARING", "16")
        case 404, 485, 604: ("UNALLOCATED_NUMBER", "1")
        case 486, 600: ("USER_BUSY", "17")
        case 408: ("RECOVERY_ON_TIMER_EXPIRE", "102")
        case 480, 430: ("NO_USER_RESPONSE", "18")
        case 487: ("ORIGINATOR_CANCEL", "16")
        case 403, 603, 606: ("CALL_REJECTED", "21")
        case 410: ("NUMBER_CHANGED", "22")
        case 484: ("INVALID_NUMBER_FORMAT", "28")
        case 488: ("INCOMPATIBLE_DESTINATION", "88")
        case 502, 503: ("NETWORK_OUT_OF_ORDER", "38")
        default: ("INTERWORKING", "127")
        }
    }
}
